// How an optimizer walks over weights on the CPU: one pass, bound by memory. A Step says how many arrays of state it
// has and how many of these, the first ones, it updates, and takes a strip of weights a step further:
//   int64_t operator()(T* w, T* const (&state)[states], const T* gradients, int64_t n, bool decays) const
// answers how many of these weights it counts. The flat arena is a table of two tensors, one that decays and one that
// does not.
#pragma once
#include <omp.h>

#include "body.h"

namespace gatun::GATUN_LEVEL {

/// The factor that brings gradients of this norm to at most max_norm.
template <class T> inline double clipping(const T* norm, double max_norm) {
  const double room = norm ? max_norm / (double(*norm) + 1e-6) : 1.0;
  return room > 1.0 ? 1.0 : room;
}

template <class T> inline T sign_of(T x) { return T(x > T(0)) - T(x < T(0)); }

/// Tensors that the step walks through; `decays` says which shrink.
template <class T, int states> struct StepTable {
  T *const *weights, *const *masters;  // masters may be null
  T* const* state[states];
  const T* const* gradients;
  const int64_t* sizes;
  const int32_t* decays;
  int64_t tensors;
};

/// Whether lines are asked for 2 KiB ahead of their use. Where memory is the bound, a Xeon with AVX-512 saves an eighth
/// of the time by it, and an EPYC without loses a tenth.
#ifdef __AVX512F__
constexpr bool fetches_ahead = true;
#else
constexpr bool fetches_ahead = false;
#endif

/// Strip by strip. `copy` receives the weights, where it is not null.
template <class T, class Step> inline int64_t step_stretch(T* w, T* copy, T* const (&state)[Step::states],
                                                           const T* gradients, int64_t n, bool decays,
                                                           const Step& step) {
  constexpr int64_t line = 64 / sizeof(T), strip = (fetches_ahead ? 4 : 128) * line;
  int64_t counted = 0;
  for (int64_t i = 0; i < n; i += strip) {
    const int64_t wide = n - i < strip ? n - i : strip;
    T* at[Step::states];
    for (int s = 0; s < Step::states; s++) at[s] = state[s] + i;
    for (int64_t next = 32 * line; fetches_ahead && next < 32 * line + strip; next += line) {
      __builtin_prefetch(w + i + next, 1);
      for (int s = 0; s < Step::updated; s++) __builtin_prefetch(at[s] + next, 1);
      for (int s = Step::updated; s < Step::states; s++) __builtin_prefetch(at[s] + next);
      __builtin_prefetch(gradients + i + next);
    }
    counted += step(w + i, at, gradients + i, wide, decays);
    if (copy) memcpy(copy + i, w + i, size_t(wide) * sizeof(T));
  }
  return counted;
}

/// The blocks of all tensors in one row, cut into a stretch for each thread. Answers how many weights are counted.
template <class T, class Step> int64_t step_table(const StepTable<T, Step::states>& table, const Step& step) {
  constexpr int64_t block = 8192;
  int64_t blocks = 0, counted = 0;
  for (int64_t t = 0; t < table.tensors; t++) blocks += (table.sizes[t] + block - 1) / block;
#pragma omp parallel reduction(+ : counted) if (blocks > 2)
  {
    const int64_t me = omp_get_thread_num(), team = omp_get_num_threads();
    const int64_t begin = blocks * me / team, end = blocks * (me + 1) / team;
    int64_t passed = 0;
    for (int64_t t = 0; t < table.tensors && passed < end; t++) {
      const int64_t own = (table.sizes[t] + block - 1) / block;
      const int64_t first = begin > passed ? begin - passed : 0, last = end - passed < own ? end - passed : own;
      passed += own;
      if (first >= last) continue;
      const int64_t from = first * block, to = last * block < table.sizes[t] ? last * block : table.sizes[t];
      T *const weights = table.weights[t] + from, *const master = table.masters ? table.masters[t] + from : nullptr;
      T* state[Step::states];
      for (int s = 0; s < Step::states; s++) state[s] = table.state[s][t] + from;
      counted += step_stretch(master ? master : weights, master ? weights : nullptr, state, table.gradients[t] + from,
                              to - from, table.decays[t] != 0, step);
    }
  }
  return counted;
}

/// The same over arenas of n elements, the first `decayed` of which decay.
template <class T, class Step> int64_t step_arena(T* weights, T* master, T* const (&state)[Step::states],
                                                  const T* gradients, int64_t n, int64_t decayed, const Step& step) {
  T *const w[] = {weights, weights + decayed}, *const masters[] = {master, master + decayed};
  const T* const g[] = {gradients, gradients + decayed};
  const int64_t sizes[] = {decayed, n - decayed};
  const int32_t decays[] = {1, 0};
  T* halves[Step::states][2];
  StepTable<T, Step::states> table{w, master ? masters : nullptr, {}, g, sizes, decays, 2};
  for (int s = 0; s < Step::states; s++) {
    halves[s][0] = state[s];
    halves[s][1] = state[s] + decayed;
    table.state[s] = halves[s];
  }
  return step_table<T>(table, step);
}

}  // namespace gatun::GATUN_LEVEL
