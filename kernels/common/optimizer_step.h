// How an optimizer walks over weights on the CPU: one pass, bound by memory. A Step says how many arrays of state it
// has and how many of these, the first ones, it updates, and takes a strip of weights a step further:
//   int64_t operator()(W* w, W* const (&state)[states], const W* gradients, int64_t n, bool decays) const
// answers how many of these weights it counts. The flat arena is a table of two tensors, one that decays and one that
// does not.
#pragma once
#include <emmintrin.h>
#include <omp.h>

#include "loops.h"
#include "philox.h"

namespace gatun::GATUN_LEVEL {

/// The factor that brings gradients of this norm to at most max_norm.
template <class W> inline double clipping(const W* norm, double max_norm) {
  const double room = norm ? max_norm / (double(*norm) + 1e-6) : 1.0;
  return room > 1.0 ? 1.0 : room;
}

template <class W> inline W sign_of(W x) { return W(x > W(0)) - W(x < W(0)); }

/// How bf16 weights without a master are rounded: to nearest, or at random. `first` is the number of the first weight.
struct Rounding {
  Sequence sequence;
  uint64_t first;
  bool random;

  Rounding from(int64_t i) const { return {sequence, first + uint64_t(i), random}; }
};

inline Rounding rounding_of(const int64_t* key, const int64_t* step, int64_t first) {
  if (!key) return {{}, uint64_t(first), false};
  return {{uint64_t(key[0]), uint64_t(key[1]) + (uint64_t(*step) << 32)}, uint64_t(first), true};
}

/// Up with a chance as great as the part cut off, which is 16 bits long; what bf16 holds stays, and so does what is no
/// number: arithmetic makes NaNs that are quiet, by their upper half.
inline bf16 rounded_at_random(float x, uint16_t chance) {
  constexpr uint32_t no_number = 0x7f800000u;
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  return {uint16_t((bits + ((bits & no_number) == no_number ? 0 : chance)) >> 16)};
}

/// Weight i by half first + i of the words of the sequence.
template <int64_t most> inline void put_at_random(bf16* to, const float* from, int64_t n, Rounding rounding) {
  constexpr int64_t of_a_block = 8;
  const int64_t skipped = int64_t(rounding.first % of_a_block);
  uint16_t halves[most + 2 * of_a_block];
  philox(halves, rounding.first / of_a_block, (skipped + n + of_a_block - 1) / of_a_block, rounding.sequence);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) to[i] = rounded_at_random(from[i], halves[skipped + i]);
}

/// Rounds past the caches. A line that is only written is read first all the same, a tenth of what a step with masters
/// reads, unless it is written as a whole on a way of its own.
template <int64_t most> inline void put_past_caches(bf16* to, const float* from) {
  constexpr int64_t vector = sizeof(__m128i) / sizeof(bf16);
  alignas(64) bf16 rounded[most];
  put_all(rounded, from, most);
  for (int64_t i = 0; i < most; i += vector)
    _mm_stream_si128((__m128i*)(to + i), _mm_load_si128((const __m128i*)(rounded + i)));
}

/// What the weights are where a master holds them unrounded.
template <int64_t most, class T> inline void put_shadow(T* to, const Wide<T>* master, int64_t n, bool past_caches) {
  if constexpr (!holds_wide<T>)
    if (past_caches && n == most && (size_t)to % 64 == 0) return put_past_caches<most>(to, master);
  put_all(to, master, n);
}

/// The arrays of one tensor, or of what is left of it; without a master the weights are updated themselves.
template <class T, int states> struct Arrays {
  T* weights;
  Wide<T>* master;
  Wide<T>* state[states];
  const Wide<T>* gradients;

  Arrays from(int64_t i) const {
    Arrays rest{weights + i, master ? master + i : nullptr, {}, gradients + i};
    for (int s = 0; s < states; s++) rest.state[s] = state[s] + i;
    return rest;
  }
};

/// Tensors that the step walks through; `decays` says which shrink.
template <class T, int states> struct StepTable {
  T* const* weights;
  Wide<T>* const* masters;  // may be null
  Wide<T>* const* state[states];
  const Wide<T>* const* gradients;
  const int64_t* sizes;
  const int32_t* decays;
  int64_t tensors;

  Arrays<T, states> at(int64_t t) const {
    Arrays<T, states> arrays{weights[t], masters ? masters[t] : nullptr, {}, gradients[t]};
    for (int s = 0; s < states; s++) arrays.state[s] = state[s][t];
    return arrays;
  }
};

/// Whether lines are asked for 2 KiB ahead of their use. Where memory is the bound, a Xeon with AVX-512 saves an eighth
/// of the time by it, and an EPYC without loses a tenth.
#ifdef __AVX512F__
constexpr bool fetches_ahead = true;
#else
constexpr bool fetches_ahead = false;
#endif

/// Takes a strip a step further and answers how many weights are counted.
template <int64_t most, class T, class Step> inline int64_t step_strip(const Arrays<T, Step::states>& a, int64_t n,
                                                                       bool decays, bool past_caches, Rounding rounding,
                                                                       const Step& step) {
  if (a.master) {
    const int64_t counted = step(a.master, a.state, a.gradients, n, decays);
    put_shadow<most>(a.weights, a.master, n, past_caches);
    return counted;
  }
  if constexpr (holds_wide<T>) {
    return step(a.weights, a.state, a.gradients, n, decays);
  } else {
    Wide<T> w[most];
#pragma omp simd
    for (int64_t i = 0; i < n; i++) w[i] = widened(a.weights[i]);
    const int64_t counted = step(w, a.state, a.gradients, n, decays);
    if (rounding.random)
      put_at_random<most>(a.weights, w, n, rounding);
    else
      put_all(a.weights, w, n);
    return counted;
  }
}

/// Strip by strip.
template <class T, class Step> inline int64_t step_stretch(const Arrays<T, Step::states>& arrays, int64_t n,
                                                           bool decays, bool past_caches, Rounding rounding,
                                                           const Step& step) {
  constexpr int64_t line = 64 / sizeof(Wide<T>), strip = (fetches_ahead ? 8 : 128) * line;
  int64_t counted = 0;
  for (int64_t i = 0; i < n; i += strip) {
    const auto a = arrays.from(i);
    for (int64_t next = 32 * line; fetches_ahead && next < 32 * line + strip; next += line) {
      __builtin_prefetch(a.master ? (void*)(a.master + next) : a.weights + next, 1);
      for (int s = 0; s < Step::updated; s++) __builtin_prefetch(a.state[s] + next, 1);
      for (int s = Step::updated; s < Step::states; s++) __builtin_prefetch(a.state[s] + next);
      __builtin_prefetch(a.gradients + next);
    }
    counted += step_strip<strip>(a, least(strip, n - i), decays, past_caches, rounding.from(i), step);
  }
  if (past_caches) _mm_sfence();
  return counted;
}

/// The blocks of all tensors in one row, cut into a stretch for each thread; weights are numbered through the table.
/// Answers how many are counted.
template <class T, class Step>
int64_t step_table(const StepTable<T, Step::states>& table, Rounding rounding, const Step& step) {
  // With masters so many weights take 75 MB.
  constexpr int64_t block = 8192, worth_streaming = int64_t(1) << 22;
  int64_t blocks = 0, weights = 0, counted = 0;
  for (int64_t t = 0; t < table.tensors; t++) {
    blocks += quotient_up(table.sizes[t], block);
    weights += table.sizes[t];
  }
  const bool past_caches = weights > worth_streaming;
#pragma omp parallel reduction(+ : counted) if (blocks > 2)
  {
    const int64_t me = omp_get_thread_num(), team = omp_get_num_threads();
    const int64_t begin = blocks * me / team, end = blocks * (me + 1) / team;
    int64_t passed = 0, number = 0;
    for (int64_t t = 0; t < table.tensors && passed < end; number += table.sizes[t++]) {
      const int64_t own = quotient_up(table.sizes[t], block);
      const int64_t first = begin > passed ? begin - passed : 0, last = least(end - passed, own);
      passed += own;
      if (first >= last) continue;
      const int64_t from = first * block, to = least(last * block, table.sizes[t]);
      counted += step_stretch(table.at(t).from(from), to - from, table.decays[t] != 0, past_caches,
                              rounding.from(number + from), step);
    }
  }
  return counted;
}

/// The same over arenas of n elements, the first `decayed` of which decay.
template <class T, class Step> int64_t step_arena(const Arrays<T, Step::states>& arena, int64_t n, int64_t decayed,
                                                  Rounding rounding, const Step& step) {
  const auto rest = arena.from(decayed);
  T* const weights[] = {arena.weights, rest.weights};
  Wide<T>* const masters[] = {arena.master, rest.master};
  const Wide<T>* const gradients[] = {arena.gradients, rest.gradients};
  const int64_t sizes[] = {decayed, n - decayed};
  const int32_t decays[] = {1, 0};
  Wide<T>* halves[Step::states][2];
  StepTable<T, Step::states> table{weights, arena.master ? masters : nullptr, {}, gradients, sizes, decays, 2};
  for (int s = 0; s < Step::states; s++) {
    halves[s][0] = arena.state[s];
    halves[s][1] = rest.state[s];
    table.state[s] = halves[s];
  }
  return step_table(table, rounding, step);
}

}  // namespace gatun::GATUN_LEVEL
