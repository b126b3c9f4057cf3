// Lion (Chen and others 2023); gatun.h has the equations. Reads 12 and writes 8 bytes a weight in fp32, bound by
// memory.
#include "optimizer_step.h"

namespace gatun::GATUN_LEVEL {
namespace {

struct Rule {
  double beta1, beta2, weight_decay, max_norm;
};

/// The factors of one step, the same for all weights.
template <class T> struct Lion {
  static constexpr int states = 1, updated = 1;
  T clip;           ///< of the gradient
  T keep1, blend1;  ///< beta1, 1 - beta1
  T keep2, blend2;  ///< beta2, 1 - beta2
  T rate;
  T shrink;  ///< rate * decay

  Lion(const Rule& rule, double rate, const T* norm)
      : clip(T(clipping(norm, rule.max_norm))),
        keep1(T(rule.beta1)),
        blend1(T(1.0 - rule.beta1)),
        keep2(T(rule.beta2)),
        blend2(T(1.0 - rule.beta2)),
        rate(T(rate)),
        shrink(T(rate * rule.weight_decay)) {}

  int64_t operator()(T* __restrict w, T* const (&state)[1], const T* __restrict gradients, int64_t n,
                     bool decays) const {
    T* const __restrict m = state[0];
    const Lion f = *this;
    const T shrink = decays ? f.shrink : T(0);
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
      const T g = gradients[i] * f.clip;
      w[i] -= f.rate * sign_of(f.keep1 * m[i] + f.blend1 * g) + shrink * w[i];
      m[i] = f.keep2 * m[i] + f.blend2 * g;
    }
    return 0;
  }
};

}  // namespace

void lion_step(gatun_stream&, void* weights, void* master, void* m, const void* gradients, const double* rate,
               const int64_t*, const void* norm, const int64_t*, int64_t, int64_t n, int64_t decayed, double beta1,
               double beta2, double weight_decay, double max_norm, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    const Rule rule{beta1, beta2, weight_decay, max_norm};
    step_arena((T*)weights, (T*)master, {(T*)m}, (const T*)gradients, n, decayed, Lion<T>(rule, *rate, (const T*)norm));
  });
}

void lion_table_step(gatun_stream&, void** weights, void** masters, void** m, void** gradients, const int64_t* sizes,
                     const int32_t* decays, const double* rate, const int64_t*, const void* norm, const int64_t*,
                     int64_t tensors, double beta1, double beta2, double weight_decay, double max_norm,
                     gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    const Rule rule{beta1, beta2, weight_decay, max_norm};
    const StepTable<T, 1> table{(T**)weights, (T**)masters, {(T**)m}, (const T* const*)gradients,
                                sizes,        decays,       tensors};
    step_table(table, Lion<T>(rule, *rate, (const T*)norm));
  });
}

}  // namespace gatun::GATUN_LEVEL
