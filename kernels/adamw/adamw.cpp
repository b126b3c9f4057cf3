// AdamW (Loshchilov and Hutter 2019); gatun.h has the equations. Reads 16 and writes 12 bytes a weight in fp32, bound
// by memory. Trap: 1 - beta^step loses all its digits in fp32 for the first steps, so what does not change from weight
// to weight is computed once, in fp64.
#include "optimizer_step.h"

namespace gatun::GATUN_LEVEL {
namespace {

struct Rule {
  double beta1, beta2, eps, weight_decay, max_norm;
};

template <class W> inline W square_root(W x);
template <> inline float square_root(float x) { return __builtin_sqrtf(x); }
template <> inline double square_root(double x) { return __builtin_sqrt(x); }

/// The factors of one step, the same for all weights.
template <class W> struct AdamW {
  static constexpr int states = 2, updated = 2;
  W clip;           ///< of the gradient
  W keep1, blend1;  ///< beta1, 1 - beta1
  W keep2, blend2;  ///< beta2, 1 - beta2
  W second;         ///< 1 / (1 - beta2^step)
  W stride;         ///< rate / (1 - beta1^step)
  W eps;
  W shrink;  ///< rate * decay

  AdamW(const Rule& rule, double rate, int64_t step, const W* norm)
      : clip(W(clipping(norm, rule.max_norm))),
        keep1(W(rule.beta1)),
        blend1(W(1.0 - rule.beta1)),
        keep2(W(rule.beta2)),
        blend2(W(1.0 - rule.beta2)),
        second(W(1.0 / (1.0 - pow(rule.beta2, double(step))))),
        stride(W(rate / (1.0 - pow(rule.beta1, double(step))))),
        eps(W(rule.eps)),
        shrink(W(rate * rule.weight_decay)) {}

  int64_t operator()(W* __restrict w, W* const (&state)[2], const W* __restrict gradients, int64_t n,
                     bool decays) const {
    W* const __restrict m = state[0], * const __restrict v = state[1];
    const AdamW f = *this;
    const W shrink = decays ? f.shrink : W(0);
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
      const W g = gradients[i] * f.clip;
      const W mean = f.keep1 * m[i] + f.blend1 * g, square = f.keep2 * v[i] + f.blend2 * (g * g);
      m[i] = mean;
      v[i] = square;
      w[i] -= f.stride * mean / (square_root(square * f.second) + f.eps) + shrink * w[i];
    }
    return 0;
  }
};

}  // namespace

void adamw_step(gatun_stream&, void* weights, void* master, void* m, void* v, const void* gradients, const double* rate,
                const int64_t* step, const void* norm, const int64_t* key, int64_t first, int64_t n, int64_t decayed,
                double beta1, double beta2, double eps, double weight_decay, double max_norm, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Rule rule{beta1, beta2, eps, weight_decay, max_norm};
    const Arrays<T, 2> arena{(T*)weights, (W*)master, {(W*)m, (W*)v}, (const W*)gradients};
    step_arena(arena, n, decayed, rounding_of(key, step, first), AdamW<W>(rule, *rate, *step, (const W*)norm));
  });
}

void adamw_table_step(gatun_stream&, void** weights, void** masters, void** m, void** v, void** gradients,
                      const int64_t* sizes, const int32_t* decays, const double* rate, const int64_t* step,
                      const void* norm, const int64_t* key, int64_t tensors, double beta1, double beta2, double eps,
                      double weight_decay, double max_norm, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Rule rule{beta1, beta2, eps, weight_decay, max_norm};
    const StepTable<T, 2> table{(T**)weights, (W**)masters, {(W**)m, (W**)v}, (W**)gradients, sizes, decays, tensors};
    step_table(table, rounding_of(key, step, 0), AdamW<W>(rule, *rate, *step, (const W*)norm));
  });
}

}  // namespace gatun::GATUN_LEVEL
