// Lion (Chen and others 2023); gatun.h has the equations. Reads 12 and writes 8 bytes a weight in fp32, bound by
// memory.
#include "optimizer_step.cuh"

namespace gatun {
namespace {

struct Lion {
  static constexpr int states = 1, updated = 1;
  static constexpr bool counts = false;
  steps::Rule rule;
  double beta1, beta2;

  template <class W> struct Factors {
    W clip;           ///< of the gradient
    W keep1, blend1;  ///< beta1, 1 - beta1
    W keep2, blend2;  ///< beta2, 1 - beta2
    W rate;
    W shrink;  ///< rate * decay
  };

  template <class W> GATUN_DEVICE Factors<W> factors() const {
    const double rate = load(rule.rate);
    return {W(rule.clipping<W>()),      W(beta1), W(1.0 - beta1), W(beta2), W(1.0 - beta2), W(rate),
            W(rate * rule.weight_decay)};
  }

  template <class W>
  GATUN_DEVICE static void update(W& w, W (&state)[states], W gradient, const Factors<W>& f, bool decays) {
    W& m = state[0];
    const W g = gradient * f.clip;
    w -= f.rate * steps::sign_of(f.keep1 * m + f.blend1 * g) + (decays ? f.shrink * w : W(0));
    m = f.keep2 * m + f.blend2 * g;
  }
};

}  // namespace

void lion_step(gatun_stream& stream, void* weights, void* master, void* m, const void* gradients, const double* rate,
               const int64_t* step, const void* norm, const int64_t* key, int64_t first, int64_t n, int64_t decayed,
               double beta1, double beta2, double weight_decay, double max_norm, gatun_dtype dtype) {
  const Lion lion{{rate, step, norm, key, weight_decay, max_norm}, beta1, beta2};
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const steps::Arrays<T, 1> arena{(T*)weights, (W*)master, {(W*)m}, (const W*)gradients};
    steps::over_arena(stream, arena, first, n, decayed, lion);
  });
}

void lion_table_step(gatun_stream& stream, void** weights, void** masters, void** m, void** gradients,
                     const int64_t* sizes, const int32_t* decays, const double* rate, const int64_t* step,
                     const void* norm, const int64_t* key, int64_t tensors, double beta1, double beta2,
                     double weight_decay, double max_norm, gatun_dtype dtype) {
  const Lion lion{{rate, step, norm, key, weight_decay, max_norm}, beta1, beta2};
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const steps::Table<T, 1> table{(T**)weights, (W**)masters, {(W**)m}, (W**)gradients, sizes, decays, tensors};
    steps::over_table(stream, table, lion);
  });
}

}  // namespace gatun
