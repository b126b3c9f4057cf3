// How an optimizer walks over weights on a device: one launch, over one flat arena or over a table of tensors; four
// independent loads of 16 bytes a thread, bound by memory. Bf16 weights cost 2 bytes more beside a master, and 4 less
// without one; they move 8 bytes at a time, beside 16 of the others.
//
// A Step holds a Rule and says
//   states, updated          how many arrays of state it has, and how many of these, the first ones, it updates;
//   counts                   whether it counts weights;
//   Factors<W>, factors<W>() what does not change from weight to weight, computed by one thread of each block;
//   update(w, state, g, f, decays)  a weight's step, where it answers whether the weight is counted.
#pragma once
#include <algorithm>

#include "device.cuh"
#include "philox.cuh"

namespace gatun::steps {

constexpr int threads = 256;

/// What every step is ruled by.
struct Rule {
  const double* rate;
  const int64_t* step;
  const void* norm;
  const int64_t* key;
  double weight_decay, max_norm;

  /// The factor of gradients.
  template <class W> GATUN_DEVICE double clipping() const {
    const double room = norm ? max_norm / (double(load(static_cast<const W*>(norm))) + 1e-6) : 1.0;
    return room > 1.0 ? 1.0 : room;
  }
};

template <class W> GATUN_DEVICE W sign_of(W x) { return W(x > W(0)) - W(x < W(0)); }

template <class W, class Step> using Factors = typename Step::template Factors<W>;

template <class W, class Step> GATUN_DEVICE Factors<W, Step> factors_of(const Step& step) {
  auto* const shared = reinterpret_cast<Factors<W, Step>*>(shared_memory());
  if (thread_index() == 0) shared_store(shared, step.template factors<W>());
  block_barrier();
  return shared_load(shared);
}

/// The arrays of one tensor, or of what is left of it; without a master the weights are updated themselves.
template <class T, int states> struct Arrays {
  T* weights;
  Wide<T>* master;
  Wide<T>* state[states];
  const Wide<T>* gradients;

  GATUN_ANYWHERE Arrays from(int64_t i) const {
    Arrays rest{weights + i, master ? master + i : nullptr, {}, gradients + i};
    for (int s = 0; s < states; s++) rest.state[s] = state[s] + i;
    return rest;
  }

  /// Whether runs of `count` elements may be met in one access each.
  GATUN_ANYWHERE bool in_runs(int count) const {
    auto wide = reinterpret_cast<uintptr_t>(master) | reinterpret_cast<uintptr_t>(gradients);
    for (int s = 0; s < states; s++) wide |= reinterpret_cast<uintptr_t>(state[s]);
    return wide % (count * sizeof(Wide<T>)) == 0 && reinterpret_cast<uintptr_t>(weights) % (count * sizeof(T)) == 0;
  }
};

/// Neighbours that one access moves.
template <class T, int count> struct alignas(count * sizeof(T)) Run { T at[count]; };

template <int count, class T> GATUN_DEVICE Run<T, count> run_at(const T* array) {
  if constexpr (count == 1)
    return {{load(array)}};
  else
    return load_once(reinterpret_cast<const Run<T, count>*>(array));
}
template <int count, class T> GATUN_DEVICE void put_run(T* array, const Run<T, count>& run) {
  if constexpr (count == 1)
    store(array, run.at[0]);
  else
    store(reinterpret_cast<Run<T, count>*>(array), run);
}

/// How bf16 weights without a master are rounded: to nearest, or at random.
struct Rounding {
  Sequence sequence;
  bool random;
};

GATUN_DEVICE Rounding rounding_of(const Rule& rule) {
  if (!rule.key) return {{}, false};
  const uint64_t step = static_cast<uint64_t>(load(rule.step));
  return {{static_cast<uint64_t>(load(rule.key)), static_cast<uint64_t>(load(rule.key + 1)) + (step << 32)}, true};
}

/// Up with a chance as great as the part cut off, which is 16 bits long; what bf16 holds, and what is no number, stays.
GATUN_DEVICE bf16 rounded_at_random(float x, uint32_t chance) {
  constexpr uint32_t no_number = 0x7f800000u;
  const uint32_t bits = bits_of_float(x);
  if ((bits & no_number) == no_number) return narrowed<bf16>(x);
  return {static_cast<uint16_t>((bits + (chance & 0xffffu)) >> 16)};
}

/// `number` is that of the first weight; a run of several takes the first or the last two words of a block.
template <int count>
GATUN_DEVICE Run<bf16, count> rounded_at_random(const Run<float, count>& w, uint64_t number, Sequence sequence) {
  uint32_t words[4];
  philox(words, number / 8, sequence);
  const uint32_t even = number & 4 ? words[2] : words[0], odd = number & 4 ? words[3] : words[1];
  if constexpr (count == 4) {
    return {{rounded_at_random(w.at[0], even), rounded_at_random(w.at[1], even >> 16), rounded_at_random(w.at[2], odd),
             rounded_at_random(w.at[3], odd >> 16)}};
  } else {
    const uint32_t word = number & 2 ? odd : even;
    return {{rounded_at_random(w.at[0], number & 1 ? word >> 16 : word)}};
  }
}

/// Weights i to i + count - 1 of a tensor whose first `decayed` decay; the first of all has `number`. Answers how many
/// are counted.
template <int count, class Step, class T>
GATUN_DEVICE int update_run(const Arrays<T, Step::states>& tensor, int64_t i, int64_t decayed, uint64_t number,
                            const Factors<Wide<T>, Step>& f, const Rounding& rounding) {
  using W = Wide<T>;
  const auto a = tensor.from(i);
  Run<W, count> w, states[Step::states];
  Run<T, count> weights;
  if (a.master)
    w = run_at<count>(a.master);
  else
    weights = run_at<count, T>(a.weights);
  GATUN_UNROLL
  for (int s = 0; s < Step::states; s++) states[s] = run_at<count, W>(a.state[s]);
  const auto g = run_at<count, W>(a.gradients);
  int counted = 0;
  GATUN_UNROLL
  for (int k = 0; k < count; k++) {
    if (!a.master) w.at[k] = widened(weights.at[k]);
    W state[Step::states];
    GATUN_UNROLL
    for (int s = 0; s < Step::states; s++) state[s] = states[s].at[k];
    if constexpr (Step::counts)
      counted += Step::update(w.at[k], state, g.at[k], f, i + k < decayed);
    else
      Step::update(w.at[k], state, g.at[k], f, i + k < decayed);
    GATUN_UNROLL
    for (int s = 0; s < Step::updated; s++) states[s].at[k] = state[s];
    weights.at[k] = narrowed<T>(w.at[k]);
  }
  if constexpr (std::is_same_v<T, bf16>)
    if (rounding.random && !a.master) weights = rounded_at_random<count>(w, number + i, rounding.sequence);
  put_run<count, T>(a.weights, weights);
  if (a.master) put_run<count, W>(a.master, w);
  GATUN_UNROLL
  for (int s = 0; s < Step::updated; s++) put_run<count, W>(a.state[s], states[s]);
  return counted;
}

/// All `n` weights of a tensor, by threads of which this is number `thread` of `team`.
template <class Step, class T>
GATUN_DEVICE int update_all(const Arrays<T, Step::states>& tensor, int64_t n, int64_t decayed, uint64_t number,
                            int64_t thread, int64_t team, const Factors<Wide<T>, Step>& f, const Rounding& rounding) {
  constexpr int count = Vector<Wide<T>>::count;
  const bool in_runs = tensor.in_runs(count) && (number % 4 == 0 || !rounding.random);
  const int64_t runs = in_runs ? n / count : 0;
  int counted = 0;
  for (int64_t r = thread; r < runs; r += team)
    counted += update_run<count, Step>(tensor, r * count, decayed, number, f, rounding);
  for (int64_t i = runs * count + thread; i < n; i += team)
    counted += update_run<1, Step>(tensor, i, decayed, number, f, rounding);
  return counted;
}

/// What the threads of a block counted, in its place of `counts`, where that is wanted.
template <class Step> GATUN_DEVICE void keep_count(int64_t* counts, int64_t counted) {
  if constexpr (Step::counts) {
    if (!counts) return;
    counted = block_sum(counted, reinterpret_cast<int64_t*>(shared_memory()));
    if (thread_index() == 0) store(counts + block_x(), counted);
  }
}

template <class Step, class T> GATUN_KERNEL(threads, fitting<T>(4))
step_arena(Arrays<T, Step::states> arena, int64_t first, int64_t n, int64_t decayed, Step step, int64_t* counts) {
  const auto f = factors_of<Wide<T>>(step);
  keep_count<Step>(
      counts, update_all<Step>(arena, n, decayed, static_cast<uint64_t>(first), block_x() * threads + thread_index(),
                               blocks_x() * threads, f, rounding_of(step.rule)));
}

template <class T, int states> struct Table {
  T* const* weights;
  Wide<T>* const* masters;
  Wide<T>* const* state[states];
  Wide<T>* const* gradients;
  const int64_t* sizes;
  const int32_t* decays;
  int64_t tensors;

  GATUN_DEVICE Arrays<T, states> at(int64_t t) const {
    Arrays<T, states> arrays{load(weights + t), masters ? load(masters + t) : nullptr, {}, load(gradients + t)};
    GATUN_UNROLL
    for (int s = 0; s < states; s++) arrays.state[s] = load(state[s] + t);
    return arrays;
  }
};

constexpr int64_t chunk = 8192;

/// The chunks of all tensors in one row; a block takes every so many-th and walks along the table as it goes.
template <class Step, class T> GATUN_KERNEL(threads, 2)
step_table(Table<T, Step::states> table, Step step, int64_t* counts) {
  const auto f = factors_of<Wide<T>>(step);
  const auto rounding = rounding_of(step.rule);
  int64_t tensor = 0, passed = 0, counted = 0;
  uint64_t number = 0;
  for (int64_t at = block_x();; at += blocks_x()) {
    int64_t size = 0;
    for (; tensor < table.tensors; tensor++) {
      size = load(table.sizes + tensor);
      if (size < 0) size = 0;
      const int64_t own = (size + chunk - 1) / chunk;
      if (at < passed + own) break;
      passed += own;
      number += size;
    }
    if (tensor == table.tensors) break;
    const int64_t from = (at - passed) * chunk, count = size - from < chunk ? size - from : chunk;
    counted += update_all<Step>(table.at(tensor).from(from), count, load(table.decays + tensor) ? count : 0,
                                number + from, thread_index(), threads, f, rounding);
  }
  keep_count<Step>(counts, counted);
}

template <class Step> GATUN_KERNEL(threads, 1) sum_of_counts(int64_t* sum, const int64_t* counts, int64_t blocks) {
  int64_t counted = 0;
  over_block(counts, blocks, [&](int64_t, int64_t count) { counted += count; });
  counted = block_sum(counted, reinterpret_cast<int64_t*>(shared_memory()));
  if (thread_index() == 0) store(sum, counted);
}

/// launch(grid, shared bytes, a place for what each block counts, which may be null), and the sum of these where it is
/// wanted.
template <class W, class Step, class Launch>
void counted_launch(gatun_stream& stream, dim3 grid, int64_t* sum, Launch launch) {
  constexpr int64_t scratch = threads / 32 * sizeof(int64_t), of_factors = sizeof(Factors<W, Step>);
  const int64_t bytes = grid.x * static_cast<int64_t>(sizeof(int64_t));
  auto* const counts = sum ? reinterpret_cast<int64_t*>(stream.workspace.at_least(bytes)) : nullptr;
  launch(grid, std::max(scratch, of_factors), counts);
  if constexpr (Step::counts)
    if (sum) GATUN_LAUNCH(stream, sum_of_counts<Step>, dim3(1), threads, scratch, sum, counts, grid.x);
}

/// One step over arenas of n elements, the first `decayed` of which decay; `counted`, which may be null, receives how
/// many weights the step counts.
template <class Step, class T> void over_arena(gatun_stream& stream, const Arrays<T, Step::states>& arena,
                                               int64_t first, int64_t n, int64_t decayed, const Step& step,
                                               int64_t* counted = nullptr) {
  using W = Wide<T>;
  if (n == 0 && !counted) return;
  counted_launch<W, Step>(stream, grid_for(stream, n, threads * Vector<W>::count, 8), counted,
                          [&](dim3 grid, int64_t shared_bytes, int64_t* counts) {
                            GATUN_LAUNCH(stream, (step_arena<Step, T>), grid, threads, shared_bytes, arena, first, n,
                                         decayed, step, counts);
                          });
}

template <class Step, class T> void over_table(gatun_stream& stream, const Table<T, Step::states>& table,
                                               const Step& step, int64_t* counted = nullptr) {
  if (table.tensors == 0 && !counted) return;
  counted_launch<Wide<T>, Step>(stream, dim3(static_cast<unsigned>(stream.limits.processors * 8)), counted,
                                [&](dim3 grid, int64_t shared_bytes, int64_t* counts) {
                                  GATUN_LAUNCH(stream, (step_table<Step, T>), grid, threads, shared_bytes, table, step,
                                               counts);
                                });
}

}  // namespace gatun::steps
