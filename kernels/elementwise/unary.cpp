// y = f(x) and dx = dy f'(x), element by element, and the tangent of dx. Bound by memory: reads n and writes n, the
// pullback reads 2n, its tangent 4n.
// Trap: comparisons are written so that NaN passes through.
#include "fast_math.h"
#include "gelu.h"
#include "loops.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class W> struct Exp {
  W value(W x) const { return fast_exp(x); }
  W pull(W dy, W x) const { return dy * fast_exp(x); }
  W bend(W x) const { return fast_exp(x); }
};

template <class W> struct Log {
  W value(W x) const { return fast_log(x); }
  W pull(W dy, W x) const { return dy / x; }
  W bend(W x) const { return -1 / (x * x); }
};

template <class W> struct Tanh {
  W value(W x) const { return fast_tanh(x); }
  W pull(W dy, W x) const {
    const W y = fast_tanh(x);
    return dy * (1 - y * y);
  }
  W bend(W x) const {
    const W y = fast_tanh(x);
    return -2 * y * (1 - y * y);
  }
};

template <class W> struct Relu {
  W value(W x) const { return x < 0 ? W(0) : x; }
  W pull(W dy, W x) const { return x <= 0 ? W(0) : dy; }
  W bend(W) const { return W(0); }
};

template <class W> struct Sigmoid {
  W value(W x) const { return 1 / (1 + fast_exp(-x)); }
  W pull(W dy, W x) const {
    const W y = value(x);
    return dy * y * (1 - y);
  }
  W bend(W x) const {
    const W y = value(x);
    return y * (1 - y) * (1 - 2 * y);
  }
};

template <class W> struct Square {
  W value(W x) const { return x * x; }
  W pull(W dy, W x) const { return dy * (2 * x); }
  W bend(W) const { return W(2); }
};

template <class W> struct Scale {
  W alpha;
  W value(W x) const { return alpha * x; }
  W pull(W dy, W) const { return alpha * dy; }
  W bend(W) const { return W(0); }
};

template <class W> struct Shift {
  W alpha;
  W value(W x) const { return x + alpha; }
  W pull(W dy, W) const { return dy; }
  W bend(W) const { return W(0); }
};

template <class W> struct Gelu {
  W value(W x) const { return gelu(x); }
  W pull(W dy, W x) const { return dy * gelu_slope(x); }
  W bend(W x) const { return gelu_bend(x); }
};

template <class W, class Work> void by_kind(gatun_unary kind, double alpha, Work work) {
  switch (kind) {
    case GATUN_EXP:
      return work(Exp<W>{});
    case GATUN_LOG:
      return work(Log<W>{});
    case GATUN_TANH:
      return work(Tanh<W>{});
    case GATUN_RELU:
      return work(Relu<W>{});
    case GATUN_SIGMOID:
      return work(Sigmoid<W>{});
    case GATUN_SQUARE:
      return work(Square<W>{});
    case GATUN_SCALE:
      return work(Scale<W>{W(alpha)});
    case GATUN_SHIFT:
      return work(Shift<W>{W(alpha)});
    case GATUN_GELU:
      return work(Gelu<W>{});
  }
}

/// y = or += the values that make(values, from, count) makes of the elements behind `from`.
template <class T, class Make> void put_values(T* y, int64_t n, bool fresh, Make make) {
  in_pieces(n, [=](int64_t from, int64_t to) {
    put_strips(y + from, to - from, fresh,
               [=](Wide<T>* values, int64_t first, int64_t count) { make(values, from + first, count); });
  });
}

template <class T, class Function> void forward(T* y, const T* x, int64_t n, Function f) {
  put_values(y, n, true, [=](Wide<T>* values, int64_t from, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) values[i] = f.value(widened(x[from + i]));
  });
}

template <class T, class Function> void pullback(T* dx, const T* dy, const T* x, int64_t n, bool fresh, Function f) {
  put_values(dx, n, fresh, [=](Wide<T>* values, int64_t from, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) values[i] = f.pull(widened(dy[from + i]), widened(x[from + i]));
  });
}

/// Null tangents are zero.
template <class T, class Function>
void pullback_tangent(T* tdx, const T* dy, const T* tdy, const T* x, const T* tx, int64_t n, bool fresh, Function f) {
  put_values(tdx, n, fresh, [=](Wide<T>* values, int64_t from, int64_t count) {
    if (tdy) {
#pragma omp simd
      for (int64_t i = 0; i < count; i++) values[i] = f.pull(widened(tdy[from + i]), widened(x[from + i]));
    } else {
      memset(values, 0, size_t(count) * sizeof(Wide<T>));
    }
    if (!tx) return;
#pragma omp simd
    for (int64_t i = 0; i < count; i++)
      values[i] += f.bend(widened(x[from + i])) * widened(tx[from + i]) * widened(dy[from + i]);
  });
}

}  // namespace

void unary_forward(gatun_stream&, void* y, const void* x, int64_t n, double alpha, gatun_unary kind,
                   gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    by_kind<Wide<T>>(kind, alpha, [&](auto f) { forward((T*)y, (const T*)x, n, f); });
  });
}

void unary_pullback(gatun_stream&, void* dx, const void* dy, const void* x, int64_t n, double alpha, gatun_unary kind,
                    int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    by_kind<Wide<T>>(kind, alpha,
                     [&](auto f) { pullback((T*)dx, (const T*)dy, (const T*)x, n, is_fresh(fresh, 0), f); });
  });
}

void unary_pullback_tangent(gatun_stream&, void* tdx, const void* dy, const void* tdy, const void* x, const void* tx,
                            int64_t n, double alpha, gatun_unary kind, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    by_kind<Wide<T>>(kind, alpha, [&](auto f) {
      pullback_tangent((T*)tdx, (const T*)dy, (const T*)tdy, (const T*)x, (const T*)tx, n, is_fresh(fresh, 0), f);
    });
  });
}

}  // namespace gatun::GATUN_LEVEL
