// Lion (Chen and others 2023); gatun.h has the equations. Reads 12 and writes 8 bytes a weight in fp32, bound by
// memory.
#include "optimizer_step.h"

namespace gatun::GATUN_LEVEL {
namespace {

struct Rule {
  double beta1, beta2, weight_decay, max_norm;
};

/// The factors of one step, the same for all weights.
template <class W> struct Lion {
  static constexpr int states = 1, updated = 1;
  W clip;           ///< of the gradient
  W keep1, blend1;  ///< beta1, 1 - beta1
  W keep2, blend2;  ///< beta2, 1 - beta2
  W rate;
  W shrink;  ///< rate * decay

  Lion(const Rule& rule, double rate, const W* norm)
      : clip(W(clipping(norm, rule.max_norm))),
        keep1(W(rule.beta1)),
        blend1(W(1.0 - rule.beta1)),
        keep2(W(rule.beta2)),
        blend2(W(1.0 - rule.beta2)),
        rate(W(rate)),
        shrink(W(rate * rule.weight_decay)) {}

  int64_t operator()(W* __restrict w, W* const (&state)[1], const W* __restrict gradients, int64_t n,
                     bool decays) const {
    W* const __restrict m = state[0];
    const Lion f = *this;
    const W shrink = decays ? f.shrink : W(0);
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
      const W g = gradients[i] * f.clip;
      w[i] -= f.rate * sign_of(f.keep1 * m[i] + f.blend1 * g) + shrink * w[i];
      m[i] = f.keep2 * m[i] + f.blend2 * g;
    }
    return 0;
  }
};

}  // namespace

void lion_step(gatun_stream&, void* weights, void* master, void* m, const void* gradients, const double* rate,
               const int64_t* step, const void* norm, const int64_t* key, int64_t first, int64_t n, int64_t decayed,
               double beta1, double beta2, double weight_decay, double max_norm, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Rule rule{beta1, beta2, weight_decay, max_norm};
    const Arrays<T, 1> arena{(T*)weights, (W*)master, {(W*)m}, (const W*)gradients};
    step_arena(arena, n, decayed, rounding_of(key, step, first), Lion<W>(rule, *rate, (const W*)norm));
  });
}

void lion_table_step(gatun_stream&, void** weights, void** masters, void** m, void** gradients, const int64_t* sizes,
                     const int32_t* decays, const double* rate, const int64_t* step, const void* norm,
                     const int64_t* key, int64_t tensors, double beta1, double beta2, double weight_decay,
                     double max_norm, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Rule rule{beta1, beta2, weight_decay, max_norm};
    const StepTable<T, 1> table{(T**)weights, (W**)masters, {(W**)m}, (W**)gradients, sizes, decays, tensors};
    step_table(table, rounding_of(key, step, 0), Lion<W>(rule, *rate, (const W*)norm));
  });
}

}  // namespace gatun::GATUN_LEVEL
