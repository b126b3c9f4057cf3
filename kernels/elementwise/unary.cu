// y = f(x) and dx = dy f'(x), element by element. Bound by memory: reads n and writes n, the pullback reads 2n, or n
// where the derivative is a constant. Trap: comparisons are written so that NaN passes through.
#include <cmath>

#include "gelu.cuh"
#include "loops.cuh"

namespace gatun {
namespace {

/// Each kind has its value and, as a function of dy and x, the gradient of x.
struct Exp {
  template <class W> GATUN_DEVICE W operator()(W x) const { return std::exp(x); }
  struct Pull {
    template <class W> GATUN_DEVICE W operator()(W dy, W x) const { return dy * std::exp(x); }
  };
  Pull pull() const { return {}; }
};

struct Log {
  template <class W> GATUN_DEVICE W operator()(W x) const { return std::log(x); }
  struct Pull {
    template <class W> GATUN_DEVICE W operator()(W dy, W x) const { return dy / x; }
  };
  Pull pull() const { return {}; }
};

struct Tanh {
  template <class W> GATUN_DEVICE W operator()(W x) const { return std::tanh(x); }
  struct Pull {
    template <class W> GATUN_DEVICE W operator()(W dy, W x) const {
      const W y = std::tanh(x);
      return dy * (1 - y * y);
    }
  };
  Pull pull() const { return {}; }
};

struct Relu {
  template <class W> GATUN_DEVICE W operator()(W x) const { return x < 0 ? W(0) : x; }
  struct Pull {
    template <class W> GATUN_DEVICE W operator()(W dy, W x) const { return x <= 0 ? W(0) : dy; }
  };
  Pull pull() const { return {}; }
};

struct Sigmoid {
  template <class W> GATUN_DEVICE W operator()(W x) const { return 1 / (1 + std::exp(-x)); }
  struct Pull {
    template <class W> GATUN_DEVICE W operator()(W dy, W x) const {
      const W y = Sigmoid{}(x);
      return dy * y * (1 - y);
    }
  };
  Pull pull() const { return {}; }
};

struct Square {
  template <class W> GATUN_DEVICE W operator()(W x) const { return x * x; }
  struct Pull {
    template <class W> GATUN_DEVICE W operator()(W dy, W x) const { return dy * (2 * x); }
  };
  Pull pull() const { return {}; }
};

/// The gradient of these two does not look at x.
template <class W> struct Scale {
  W alpha;
  GATUN_DEVICE W operator()(W x) const { return alpha * x; }
  Scale pull() const { return *this; }
};

template <class W> struct Shift {
  W alpha;
  GATUN_DEVICE W operator()(W x) const { return x + alpha; }
  Scale<W> pull() const { return {W(1)}; }
};

struct Gelu {
  template <class W> GATUN_DEVICE W operator()(W x) const { return gelu(x); }
  struct Pull {
    template <class W> GATUN_DEVICE W operator()(W dy, W x) const { return dy * gelu_slope(x); }
  };
  Pull pull() const { return {}; }
};

template <class W, class Work> void by_kind(gatun_unary kind, double alpha, Work work) {
  switch (kind) {
    case GATUN_EXP:
      return work(Exp{});
    case GATUN_LOG:
      return work(Log{});
    case GATUN_TANH:
      return work(Tanh{});
    case GATUN_RELU:
      return work(Relu{});
    case GATUN_SIGMOID:
      return work(Sigmoid{});
    case GATUN_SQUARE:
      return work(Square{});
    case GATUN_SCALE:
      return work(Scale<W>{W(alpha)});
    case GATUN_SHIFT:
      return work(Shift<W>{W(alpha)});
    case GATUN_GELU:
      return work(Gelu{});
  }
}

}  // namespace

void unary_forward(gatun_stream& stream, void* y, const void* x, int64_t n, double alpha, gatun_unary kind,
                   gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    by_kind<Wide<T>>(kind, alpha, [&](auto f) { loops::map<T, 1>(stream, (T*)y, {{(const T*)x}}, n, true, f); });
  });
}

void unary_pullback(gatun_stream& stream, void* dx, const void* dy, const void* x, int64_t n, double alpha,
                    gatun_unary kind, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    by_kind<W>(kind, alpha, [&](auto f) {
      const auto pull = f.pull();
      if constexpr (std::is_same_v<decltype(f.pull()), Scale<W>>)
        loops::map<T, 1>(stream, (T*)dx, {{(const T*)dy}}, n, is_fresh(fresh, 0), pull);
      else
        loops::map<T, 2>(stream, (T*)dx, {{(const T*)dy, (const T*)x}}, n, is_fresh(fresh, 0), pull);
    });
  });
}

}  // namespace gatun
