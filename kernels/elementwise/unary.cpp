// y = f(x) and dx = dy f'(x), element by element, and the tangent of dx. Bound by memory: reads n and writes n, the
// pullback reads 2n, its tangent 4n.
// Trap: comparisons are written so that NaN passes through.
#include "fast_math.h"
#include "gelu.h"
#include "loops.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> struct Exp {
  T value(T x) const { return fast_exp(x); }
  T pull(T dy, T x) const { return dy * fast_exp(x); }
  T bend(T x) const { return fast_exp(x); }
};

template <class T> struct Log {
  T value(T x) const { return fast_log(x); }
  T pull(T dy, T x) const { return dy / x; }
  T bend(T x) const { return -1 / (x * x); }
};

template <class T> struct Tanh {
  T value(T x) const { return fast_tanh(x); }
  T pull(T dy, T x) const {
    const T y = fast_tanh(x);
    return dy * (1 - y * y);
  }
  T bend(T x) const {
    const T y = fast_tanh(x);
    return -2 * y * (1 - y * y);
  }
};

template <class T> struct Relu {
  T value(T x) const { return x < 0 ? T(0) : x; }
  T pull(T dy, T x) const { return x <= 0 ? T(0) : dy; }
  T bend(T) const { return T(0); }
};

template <class T> struct Sigmoid {
  T value(T x) const { return 1 / (1 + fast_exp(-x)); }
  T pull(T dy, T x) const {
    const T y = value(x);
    return dy * y * (1 - y);
  }
  T bend(T x) const {
    const T y = value(x);
    return y * (1 - y) * (1 - 2 * y);
  }
};

template <class T> struct Square {
  T value(T x) const { return x * x; }
  T pull(T dy, T x) const { return dy * (2 * x); }
  T bend(T) const { return T(2); }
};

template <class T> struct Scale {
  T alpha;
  T value(T x) const { return alpha * x; }
  T pull(T dy, T) const { return alpha * dy; }
  T bend(T) const { return T(0); }
};

template <class T> struct Shift {
  T alpha;
  T value(T x) const { return x + alpha; }
  T pull(T dy, T) const { return dy; }
  T bend(T) const { return T(0); }
};

template <class T> struct Gelu {
  T value(T x) const { return gelu(x); }
  T pull(T dy, T x) const { return dy * gelu_slope(x); }
  T bend(T x) const { return gelu_bend(x); }
};

template <class T, class Work> void by_kind(gatun_unary kind, double alpha, Work work) {
  switch (kind) {
    case GATUN_EXP:
      return work(Exp<T>{});
    case GATUN_LOG:
      return work(Log<T>{});
    case GATUN_TANH:
      return work(Tanh<T>{});
    case GATUN_RELU:
      return work(Relu<T>{});
    case GATUN_SIGMOID:
      return work(Sigmoid<T>{});
    case GATUN_SQUARE:
      return work(Square<T>{});
    case GATUN_SCALE:
      return work(Scale<T>{T(alpha)});
    case GATUN_SHIFT:
      return work(Shift<T>{T(alpha)});
    case GATUN_GELU:
      return work(Gelu<T>{});
  }
}

template <class T, class Function> void forward(T* y, const T* x, int64_t n, Function f) {
  in_pieces(n, [=](int64_t from, int64_t to) {
#pragma omp simd
    for (int64_t i = from; i < to; i++) y[i] = f.value(x[i]);
  });
}

template <bool fresh, class T, class Function> void pullback(T* dx, const T* dy, const T* x, int64_t n, Function f) {
  in_pieces(n, [=](int64_t from, int64_t to) {
#pragma omp simd
    for (int64_t i = from; i < to; i++) put<fresh>(dx[i], f.pull(dy[i], x[i]));
  });
}

/// Null tangents are zero.
template <bool fresh, class T, class Function>
void pullback_tangent(T* tdx, const T* dy, const T* tdy, const T* x, const T* tx, int64_t n, Function f) {
  in_pieces(n, [=](int64_t from, int64_t to) {
    if (tx && tdy) {
#pragma omp simd
      for (int64_t i = from; i < to; i++) put<fresh>(tdx[i], f.pull(tdy[i], x[i]) + f.bend(x[i]) * tx[i] * dy[i]);
    } else if (tx) {
#pragma omp simd
      for (int64_t i = from; i < to; i++) put<fresh>(tdx[i], f.bend(x[i]) * tx[i] * dy[i]);
    } else {
      for (int64_t i = from; i < to; i++) put<fresh>(tdx[i], tdy ? f.pull(tdy[i], x[i]) : T(0));
    }
  });
}

}  // namespace

void unary_forward(gatun_stream&, void* y, const void* x, int64_t n, double alpha, gatun_unary kind,
                   gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    by_kind<T>(kind, alpha, [&](auto f) { forward((T*)y, (const T*)x, n, f); });
  });
}

void unary_pullback(gatun_stream&, void* dx, const void* dy, const void* x, int64_t n, double alpha, gatun_unary kind,
                    int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    by_kind<T>(kind, alpha, [&](auto f) {
      by_truth(is_fresh(fresh, 0),
               [&](auto fresh_dx) { pullback<fresh_dx.value>((T*)dx, (const T*)dy, (const T*)x, n, f); });
    });
  });
}

void unary_pullback_tangent(gatun_stream&, void* tdx, const void* dy, const void* tdy, const void* x, const void* tx,
                            int64_t n, double alpha, gatun_unary kind, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    by_kind<T>(kind, alpha, [&](auto f) {
      by_truth(is_fresh(fresh, 0), [&](auto fresh_tdx) {
        pullback_tangent<fresh_tdx.value>((T*)tdx, (const T*)dy, (const T*)tdy, (const T*)x, (const T*)tx, n, f);
      });
    });
  });
}

}  // namespace gatun::GATUN_LEVEL
