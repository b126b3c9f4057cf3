// The functions of one argument on a device. Trap: comparisons are written so that NaN passes through.
#pragma once
#include <cmath>

#include "gelu.cuh"
#include "loops.cuh"

namespace gatun::unary {

/// Each kind has its value, the gradient of x as a function of dy and x, and the second derivative.
struct Exp {
  template <class W> GATUN_DEVICE W operator()(W x) const { return std::exp(x); }
  struct Pull {
    template <class W> GATUN_DEVICE W operator()(W dy, W x) const { return dy * std::exp(x); }
  };
  struct Bend {
    template <class W> GATUN_DEVICE W operator()(W x) const { return std::exp(x); }
  };
  Pull pull() const { return {}; }
};

struct Log {
  template <class W> GATUN_DEVICE W operator()(W x) const { return std::log(x); }
  struct Pull {
    template <class W> GATUN_DEVICE W operator()(W dy, W x) const { return dy / x; }
  };
  struct Bend {
    template <class W> GATUN_DEVICE W operator()(W x) const { return -1 / (x * x); }
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
  struct Bend {
    template <class W> GATUN_DEVICE W operator()(W x) const {
      const W y = std::tanh(x);
      return -2 * y * (1 - y * y);
    }
  };
  Pull pull() const { return {}; }
};

struct Relu {
  template <class W> GATUN_DEVICE W operator()(W x) const { return x < 0 ? W(0) : x; }
  struct Pull {
    template <class W> GATUN_DEVICE W operator()(W dy, W x) const { return x <= 0 ? W(0) : dy; }
  };
  struct Bend {
    template <class W> GATUN_DEVICE W operator()(W) const { return 0; }
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
  struct Bend {
    template <class W> GATUN_DEVICE W operator()(W x) const {
      const W y = Sigmoid{}(x);
      return y * (1 - y) * (1 - 2 * y);
    }
  };
  Pull pull() const { return {}; }
};

struct Square {
  template <class W> GATUN_DEVICE W operator()(W x) const { return x * x; }
  struct Pull {
    template <class W> GATUN_DEVICE W operator()(W dy, W x) const { return dy * (2 * x); }
  };
  struct Bend {
    template <class W> GATUN_DEVICE W operator()(W) const { return 2; }
  };
  Pull pull() const { return {}; }
};

struct Straight {
  template <class W> GATUN_DEVICE W operator()(W) const { return 0; }
};

/// The gradient of these two does not look at x.
template <class W> struct Scale {
  using Bend = Straight;
  W alpha;
  GATUN_DEVICE W operator()(W x) const { return alpha * x; }
  Scale pull() const { return *this; }
};

template <class W> struct Shift {
  using Bend = Straight;
  W alpha;
  GATUN_DEVICE W operator()(W x) const { return x + alpha; }
  Scale<W> pull() const { return {W(1)}; }
};

struct Gelu {
  template <class W> GATUN_DEVICE W operator()(W x) const { return gelu(x); }
  struct Pull {
    template <class W> GATUN_DEVICE W operator()(W dy, W x) const { return dy * gelu_slope(x); }
  };
  struct Bend {
    template <class W> GATUN_DEVICE W operator()(W x) const { return gelu_bend(x); }
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

}  // namespace gatun::unary
