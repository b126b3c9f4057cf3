// AdamW (Loshchilov and Hutter 2019); gatun.h has the equations. Reads 16 and writes 12 bytes a weight in fp32, bound
// by memory. Trap: 1 - beta^step loses all its digits in fp32 for the first steps, so what does not change from weight
// to weight is computed once, in fp64.
#include "optimizer_step.h"

namespace gatun::GATUN_LEVEL {
namespace {

struct Rule {
  double beta1, beta2, eps, weight_decay, max_norm;
};

template <class T> inline T square_root(T x);
template <> inline float square_root(float x) { return __builtin_sqrtf(x); }
template <> inline double square_root(double x) { return __builtin_sqrt(x); }

/// The factors of one step, the same for all weights.
template <class T> struct AdamW {
  static constexpr int states = 2, updated = 2;
  T clip;           ///< of the gradient
  T keep1, blend1;  ///< beta1, 1 - beta1
  T keep2, blend2;  ///< beta2, 1 - beta2
  T second;         ///< 1 / (1 - beta2^step)
  T stride;         ///< rate / (1 - beta1^step)
  T eps;
  T shrink;  ///< rate * decay

  AdamW(const Rule& rule, double rate, int64_t step, const T* norm)
      : clip(T(clipping(norm, rule.max_norm))),
        keep1(T(rule.beta1)),
        blend1(T(1.0 - rule.beta1)),
        keep2(T(rule.beta2)),
        blend2(T(1.0 - rule.beta2)),
        second(T(1.0 / (1.0 - pow(rule.beta2, double(step))))),
        stride(T(rate / (1.0 - pow(rule.beta1, double(step))))),
        eps(T(rule.eps)),
        shrink(T(rate * rule.weight_decay)) {}

  int64_t operator()(T* __restrict w, T* const (&state)[2], const T* __restrict gradients, int64_t n,
                     bool decays) const {
    T* const __restrict m = state[0], * const __restrict v = state[1];
    const AdamW f = *this;
    const T shrink = decays ? f.shrink : T(0);
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
      const T g = gradients[i] * f.clip;
      const T mean = f.keep1 * m[i] + f.blend1 * g, square = f.keep2 * v[i] + f.blend2 * (g * g);
      m[i] = mean;
      v[i] = square;
      w[i] -= f.stride * mean / (square_root(square * f.second) + f.eps) + shrink * w[i];
    }
    return 0;
  }
};

}  // namespace

void adamw_step(gatun_stream&, void* weights, void* master, void* m, void* v, const void* gradients, const double* rate,
                const int64_t* step, const void* norm, const int64_t*, int64_t, int64_t n, int64_t decayed,
                double beta1, double beta2, double eps, double weight_decay, double max_norm, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    const Rule rule{beta1, beta2, eps, weight_decay, max_norm};
    step_arena((T*)weights, (T*)master, {(T*)m, (T*)v}, (const T*)gradients, n, decayed,
               AdamW<T>(rule, *rate, *step, (const T*)norm));
  });
}

void adamw_table_step(gatun_stream&, void** weights, void** masters, void** m, void** v, void** gradients,
                      const int64_t* sizes, const int32_t* decays, const double* rate, const int64_t* step,
                      const void* norm, const int64_t*, int64_t tensors, double beta1, double beta2, double eps,
                      double weight_decay, double max_norm, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    const Rule rule{beta1, beta2, eps, weight_decay, max_norm};
    const StepTable<T, 2> table{(T**)weights, (T**)masters, {(T**)m, (T**)v}, (const T* const*)gradients,
                                sizes,        decays,       tensors};
    step_table(table, AdamW<T>(rule, *rate, *step, (const T*)norm));
  });
}

}  // namespace gatun::GATUN_LEVEL
