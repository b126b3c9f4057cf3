// Sophia (Liu and others 2023); gatun.h has the equations. Reads 16 and writes 8 bytes a weight in fp32, bound by
// memory. Trap: the ratio m / d is chosen by |m| >= d, never clamped: what is no number stays so, and what a d of 0 or
// below divides is thrown away.
#include "optimizer_step.h"

namespace gatun::GATUN_LEVEL {
namespace {

struct Rule {
  double beta1, beta2, gamma, eps, weight_decay, max_norm;
  gatun_sophia_form form;
  int32_t correct_mean;
};

inline float absolute(float x) { return __builtin_fabsf(x); }
inline double absolute(double x) { return __builtin_fabs(x); }
inline float signed_as(float x, float sign) { return __builtin_copysignf(x, sign); }
inline double signed_as(double x, double sign) { return __builtin_copysign(x, sign); }

/// The factors of one step, the same for all weights.
template <class W> struct Sophia {
  static constexpr int states = 2, updated = 1;
  W keep, blend;  ///< beta1, 1 - beta1 and the clipping of the gradient
  W correction;   ///< of m
  W scale;        ///< of h: gamma and its correction
  W added;        ///< to that, and
  W least;        ///< what it is raised to
  W rate;
  W shrink;  ///< rate * decay

  Sophia(const Rule& rule, double rate, int64_t step, const int64_t* refreshes, const W* norm)
      : keep(W(rule.beta1)),
        blend(W((1.0 - rule.beta1) * clipping(norm, rule.max_norm))),
        correction(W(rule.correct_mean ? 1.0 / (1.0 - pow(rule.beta1, double(step))) : 1.0)),
        scale(W(refreshes && *refreshes ? rule.gamma / (1.0 - pow(rule.beta2, double(*refreshes))) : rule.gamma)),
        added(rule.form == GATUN_SOPHIA_ADDED ? W(rule.eps) : W(0)),
        least(rule.form == GATUN_SOPHIA_ADDED ? -W(INFINITY) : W(rule.eps)),
        rate(W(rate)),
        shrink(W(rate * rule.weight_decay)) {}

  int64_t operator()(W* __restrict w, W* const (&state)[2], const W* __restrict gradients, int64_t n,
                     bool decays) const {
    W* const __restrict m = state[0];
    const W* const __restrict h = state[1];
    const Sophia f = *this;
    const W shrink = decays ? f.shrink : W(0);
    int32_t unclipped = 0;
#pragma omp simd reduction(+ : unclipped)
    for (int64_t i = 0; i < n; i++) {
      const W mean = f.keep * m[i] + f.blend * gradients[i], corrected = mean * f.correction;
      const W curved = f.scale * h[i] + f.added, denominator = curved < f.least ? f.least : curved;
      const W size = absolute(corrected), ratio = corrected / denominator;
      const W update = size >= denominator ? signed_as(W(size > W(0)), corrected) : ratio;
      m[i] = mean;
      w[i] -= f.rate * update + shrink * w[i];
      unclipped += size < denominator;
    }
    return unclipped;
  }
};

}  // namespace

void sophia_step(gatun_stream&, void* weights, void* master, void* m, int64_t* unclipped, const void* h,
                 const void* gradients, const double* rate, const int64_t* step, const int64_t* refreshes,
                 const void* norm, const int64_t* key, int64_t first, int64_t n, int64_t decayed, double beta1,
                 double beta2, double gamma, double eps, double weight_decay, double max_norm, gatun_sophia_form form,
                 int32_t correct_mean, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Rule rule{beta1, beta2, gamma, eps, weight_decay, max_norm, form, correct_mean};
    const Arrays<T, 2> arena{(T*)weights, (W*)master, {(W*)m, (W*)h}, (const W*)gradients};
    const int64_t counted = step_arena(arena, n, decayed, rounding_of(key, step, first),
                                       Sophia<W>(rule, *rate, *step, refreshes, (const W*)norm));
    if (unclipped) *unclipped = counted;
  });
}

void sophia_table_step(gatun_stream&, void** weights, void** masters, void** m, int64_t* unclipped, void** h,
                       void** gradients, const int64_t* sizes, const int32_t* decays, const double* rate,
                       const int64_t* step, const int64_t* refreshes, const void* norm, const int64_t* key,
                       int64_t tensors, double beta1, double beta2, double gamma, double eps, double weight_decay,
                       double max_norm, gatun_sophia_form form, int32_t correct_mean, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Rule rule{beta1, beta2, gamma, eps, weight_decay, max_norm, form, correct_mean};
    const StepTable<T, 2> table{(T**)weights, (W**)masters, {(W**)m, (W**)h}, (W**)gradients, sizes, decays, tensors};
    const int64_t counted =
        step_table(table, rounding_of(key, step, 0), Sophia<W>(rule, *rate, *step, refreshes, (const W*)norm));
    if (unclipped) *unclipped = counted;
  });
}

}  // namespace gatun::GATUN_LEVEL
