// Sophia (Liu and others 2023); gatun.h has the equations. Reads 16 and writes 8 bytes a weight in fp32, bound by
// memory. Blocks count what they do not clip, and a second launch adds that up. Trap: the ratio m / d is chosen by |m|
// >= d, never clamped: what is no number stays so, and no d divides that could be 0 or below.
#include "optimizer_step.cuh"

namespace gatun {
namespace {

struct Sophia {
  static constexpr int states = 2, updated = 1;
  static constexpr bool counts = true;
  steps::Rule rule;
  const int64_t* refreshes;
  double beta1, beta2, gamma, eps;
  bool added, correct_mean;

  template <class W> struct Factors {
    W clip;         ///< of the gradient
    W keep, blend;  ///< beta1, 1 - beta1
    W correction;   ///< of m
    W scale;        ///< of h: gamma and its correction
    W added;        ///< to that, and
    W least;        ///< what it is raised to
    W rate;
    W shrink;  ///< rate * decay
  };

  template <class W> GATUN_DEVICE Factors<W> factors() const {
    const double rate = load(rule.rate), refreshed = refreshes ? double(load(refreshes)) : 0.0;
    return {W(rule.clipping<W>()),
            W(beta1),
            W(1.0 - beta1),
            W(correct_mean ? 1.0 / (1.0 - pow(beta1, double(load(rule.step)))) : 1.0),
            W(refreshed > 0.0 ? gamma / (1.0 - pow(beta2, refreshed)) : gamma),
            added ? W(eps) : W(0),
            added ? -W(INFINITY) : W(eps),
            W(rate),
            W(rate * rule.weight_decay)};
  }

  template <class W>
  GATUN_DEVICE static bool update(W& w, W (&state)[states], W gradient, const Factors<W>& f, bool decays) {
    W& m = state[0];
    m = f.keep * m + f.blend * (gradient * f.clip);
    const W corrected = m * f.correction, curved = f.scale * state[1] + f.added;
    const W denominator = curved < f.least ? f.least : curved, size = corrected < W(0) ? -corrected : corrected;
    const W update = size >= denominator ? steps::sign_of(corrected) : corrected / denominator;
    w -= f.rate * update + (decays ? f.shrink * w : W(0));
    return size < denominator;
  }
};

}  // namespace

void sophia_step(gatun_stream& stream, void* weights, void* master, void* m, int64_t* unclipped, const void* h,
                 const void* gradients, const double* rate, const int64_t* step, const int64_t* refreshes,
                 const void* norm, const int64_t* key, int64_t first, int64_t n, int64_t decayed, double beta1,
                 double beta2, double gamma, double eps, double weight_decay, double max_norm, gatun_sophia_form form,
                 int32_t correct_mean, gatun_dtype dtype) {
  const Sophia sophia{{rate, step, norm, key, weight_decay, max_norm},
                      refreshes,
                      beta1,
                      beta2,
                      gamma,
                      eps,
                      form == GATUN_SOPHIA_ADDED,
                      correct_mean != 0};
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const steps::Arrays<T, 2> arena{(T*)weights, (W*)master, {(W*)m, (W*)h}, (const W*)gradients};
    steps::over_arena(stream, arena, first, n, decayed, sophia, unclipped);
  });
}

void sophia_table_step(gatun_stream& stream, void** weights, void** masters, void** m, int64_t* unclipped, void** h,
                       void** gradients, const int64_t* sizes, const int32_t* decays, const double* rate,
                       const int64_t* step, const int64_t* refreshes, const void* norm, const int64_t* key,
                       int64_t tensors, double beta1, double beta2, double gamma, double eps, double weight_decay,
                       double max_norm, gatun_sophia_form form, int32_t correct_mean, gatun_dtype dtype) {
  const Sophia sophia{{rate, step, norm, key, weight_decay, max_norm},
                      refreshes,
                      beta1,
                      beta2,
                      gamma,
                      eps,
                      form == GATUN_SOPHIA_ADDED,
                      correct_mean != 0};
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const steps::Table<T, 2> table{(T**)weights, (W**)masters, {(W**)m, (W**)h}, (W**)gradients,
                                   sizes,        decays,       tensors};
    steps::over_table(stream, table, sophia, unclipped);
  });
}

}  // namespace gatun
