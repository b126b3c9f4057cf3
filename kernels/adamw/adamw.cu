// AdamW (Loshchilov and Hutter 2019); gatun.h has the equations. Reads 16 and writes 12 bytes a weight in fp32, bound
// by memory. Trap: 1 - beta^step loses all its digits in fp32 for the first steps, so what does not change from weight
// to weight is computed in fp64.
#include "optimizer_step.cuh"

namespace gatun {
namespace {

struct AdamW {
  static constexpr int states = 2, updated = 2;
  static constexpr bool counts = false;
  steps::Rule rule;
  double beta1, beta2, eps;

  template <class W> struct Factors {
    W clip;           ///< of the gradient
    W keep1, blend1;  ///< beta1, 1 - beta1
    W keep2, blend2;  ///< beta2, 1 - beta2
    W second;         ///< 1 / (1 - beta2^step)
    W stride;         ///< rate / (1 - beta1^step)
    W eps;
    W shrink;  ///< rate * decay
  };

  template <class W> GATUN_DEVICE Factors<W> factors() const {
    const double rate = load(rule.rate), step = double(load(rule.step));
    return {W(rule.clipping<W>()),
            W(beta1),
            W(1.0 - beta1),
            W(beta2),
            W(1.0 - beta2),
            W(1.0 / (1.0 - pow(beta2, step))),
            W(rate / (1.0 - pow(beta1, step))),
            W(eps),
            W(rate * rule.weight_decay)};
  }

  template <class W>
  GATUN_DEVICE static void update(W& w, W (&state)[states], W gradient, const Factors<W>& f, bool decays) {
    W &m = state[0], &v = state[1];
    const W g = gradient * f.clip;
    m = f.keep1 * m + f.blend1 * g;
    v = f.keep2 * v + f.blend2 * (g * g);
    w -= f.stride * m / (sqrt(v * f.second) + f.eps) + (decays ? f.shrink * w : W(0));
  }
};

}  // namespace

void adamw_step(gatun_stream& stream, void* weights, void* master, void* m, void* v, const void* gradients,
                const double* rate, const int64_t* step, const void* norm, const int64_t* key, int64_t first, int64_t n,
                int64_t decayed, double beta1, double beta2, double eps, double weight_decay, double max_norm,
                gatun_dtype dtype) {
  const AdamW adamw{{rate, step, norm, key, weight_decay, max_norm}, beta1, beta2, eps};
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const steps::Arrays<T, 2> arena{(T*)weights, (W*)master, {(W*)m, (W*)v}, (const W*)gradients};
    steps::over_arena(stream, arena, first, n, decayed, adamw);
  });
}

void adamw_table_step(gatun_stream& stream, void** weights, void** masters, void** m, void** v, void** gradients,
                      const int64_t* sizes, const int32_t* decays, const double* rate, const int64_t* step,
                      const void* norm, const int64_t* key, int64_t tensors, double beta1, double beta2, double eps,
                      double weight_decay, double max_norm, gatun_dtype dtype) {
  const AdamW adamw{{rate, step, norm, key, weight_decay, max_norm}, beta1, beta2, eps};
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const steps::Table<T, 2> table{(T**)weights, (W**)masters, {(W**)m, (W**)v}, (W**)gradients,
                                   sizes,        decays,       tensors};
    steps::over_table(stream, table, adamw);
  });
}

}  // namespace gatun
