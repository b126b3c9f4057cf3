// AdamW (Loshchilov and Hutter 2019); gatun.h has the equations. One launch, over one flat arena or over a table of
// tensors: reads 16 and writes 12 bytes a weight in fp32, bound by memory; four independent loads of 16 bytes a thread.
// Bf16 weights cost 2 bytes more beside a master, and 4 less without one; they move 8 bytes at a time, beside 16 of the
// others.
// Trap: 1 - beta^step loses all its digits in fp32 for the first steps, so what does not change from weight to weight
// is computed in fp64, by one thread of each block.
#include "device.cuh"
#include "philox.cuh"

namespace gatun {
namespace {

constexpr int threads = 256;

struct Rule {
  const double* rate;
  const int64_t* step;
  const void* norm;
  const int64_t* key;
  double beta1, beta2, eps, weight_decay, max_norm;
};

/// The factors of one step, the same for all weights.
template <class W> struct Factors {
  W clip;           ///< of the gradient
  W keep1, blend1;  ///< beta1, 1 - beta1
  W keep2, blend2;  ///< beta2, 1 - beta2
  W second;         ///< 1 / (1 - beta2^step)
  W stride;         ///< rate / (1 - beta1^step)
  W eps;
  W shrink;  ///< rate * decay
};

template <class W> GATUN_DEVICE Factors<W> factors_of(const Rule& rule) {
  auto* const shared = reinterpret_cast<Factors<W>*>(shared_memory());
  if (thread_index() == 0) {
    const double rate = load(rule.rate), step = double(load(rule.step));
    const double room = rule.norm ? rule.max_norm / (double(load(static_cast<const W*>(rule.norm))) + 1e-6) : 1.0;
    shared_store(shared, {W(room > 1.0 ? 1.0 : room), W(rule.beta1), W(1.0 - rule.beta1), W(rule.beta2),
                          W(1.0 - rule.beta2), W(1.0 / (1.0 - pow(rule.beta2, step))),
                          W(rate / (1.0 - pow(rule.beta1, step))), W(rule.eps), W(rate * rule.weight_decay)});
  }
  block_barrier();
  return shared_load(shared);
}

template <class W> GATUN_DEVICE void update(W& w, W& m, W& v, W gradient, const Factors<W>& f, bool decays) {
  const W g = gradient * f.clip;
  m = f.keep1 * m + f.blend1 * g;
  v = f.keep2 * v + f.blend2 * (g * g);
  w -= f.stride * m / (sqrt(v * f.second) + f.eps) + (decays ? f.shrink * w : W(0));
}

/// The arrays of one tensor, or of what is left of it; without a master the weights are updated themselves.
template <class T> struct Arrays {
  T* weights;
  Wide<T>*master, *m, *v;
  const Wide<T>* gradients;

  GATUN_ANYWHERE Arrays from(int64_t i) const {
    return {weights + i, master ? master + i : nullptr, m + i, v + i, gradients + i};
  }

  /// Whether runs of `count` elements may be met in one access each.
  GATUN_ANYWHERE bool in_runs(int count) const {
    const auto wide = reinterpret_cast<uintptr_t>(master) | reinterpret_cast<uintptr_t>(m) |
                      reinterpret_cast<uintptr_t>(v) | reinterpret_cast<uintptr_t>(gradients);
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

/// Up with a chance as great as the part cut off; what bf16 holds, and what is no number, stays.
GATUN_DEVICE bf16 rounded_at_random(float x, uint32_t word) {
  constexpr uint32_t no_number = 0x7f800000u;
  const uint32_t bits = bits_of_float(x);
  if ((bits & no_number) == no_number) return narrowed<bf16>(x);
  return {static_cast<uint16_t>((bits + (word >> 16)) >> 16)};
}

/// `number` is that of the first weight; a run of several begins with the first word of a block.
template <int count>
GATUN_DEVICE Run<bf16, count> rounded_at_random(const Run<float, count>& w, uint64_t number, Sequence sequence) {
  uint32_t words[4];
  philox(words, number / 4, sequence);
  if constexpr (count == 4) {
    return {{rounded_at_random(w.at[0], words[0]), rounded_at_random(w.at[1], words[1]),
             rounded_at_random(w.at[2], words[2]), rounded_at_random(w.at[3], words[3])}};
  } else {
    const uint32_t low = number & 1 ? words[1] : words[0], high = number & 1 ? words[3] : words[2];
    return {{rounded_at_random(w.at[0], number & 2 ? high : low)}};
  }
}

/// Weights i to i + count - 1 of a tensor whose first `decayed` decay; the first of all has `number`.
template <int count, class T> GATUN_DEVICE void update_run(const Arrays<T>& tensor, int64_t i, int64_t decayed,
                                                           uint64_t number, const Factors<Wide<T>>& f,
                                                           const Rounding& rounding) {
  using W = Wide<T>;
  const auto a = tensor.from(i);
  Run<W, count> w;
  Run<T, count> weights;
  if (a.master)
    w = run_at<count>(a.master);
  else
    weights = run_at<count, T>(a.weights);
  auto m = run_at<count, W>(a.m), v = run_at<count, W>(a.v);
  const auto g = run_at<count, W>(a.gradients);
  GATUN_UNROLL
  for (int k = 0; k < count; k++) {
    if (!a.master) w.at[k] = widened(weights.at[k]);
    update(w.at[k], m.at[k], v.at[k], g.at[k], f, i + k < decayed);
    weights.at[k] = narrowed<T>(w.at[k]);
  }
  if constexpr (std::is_same_v<T, bf16>)
    if (rounding.random && !a.master) weights = rounded_at_random<count>(w, number + i, rounding.sequence);
  put_run<count, T>(a.weights, weights);
  if (a.master) put_run<count, W>(a.master, w);
  put_run<count, W>(a.m, m);
  put_run<count, W>(a.v, v);
}

/// All `n` weights of a tensor, by threads of which this is number `thread` of `team`.
template <class T> GATUN_DEVICE void update_all(const Arrays<T>& tensor, int64_t n, int64_t decayed, uint64_t number,
                                                int64_t thread, int64_t team, const Factors<Wide<T>>& f,
                                                const Rounding& rounding) {
  constexpr int count = Vector<Wide<T>>::count;
  const bool in_runs = tensor.in_runs(count) && (number % 4 == 0 || !rounding.random);
  const int64_t runs = in_runs ? n / count : 0;
  for (int64_t r = thread; r < runs; r += team) update_run<count>(tensor, r * count, decayed, number, f, rounding);
  for (int64_t i = runs * count + thread; i < n; i += team) update_run<1>(tensor, i, decayed, number, f, rounding);
}

template <class T> GATUN_KERNEL(threads, fitting<T>(4))
adamw_step_flat(Arrays<T> arena, int64_t first, int64_t n, int64_t decayed, Rule rule) {
  const auto f = factors_of<Wide<T>>(rule);
  update_all(arena, n, decayed, static_cast<uint64_t>(first), block_x() * threads + thread_index(),
             blocks_x() * threads, f, rounding_of(rule));
}

template <class T> struct Table {
  T* const* weights;
  Wide<T>*const *masters, *const *m, *const *v, *const *gradients;
  const int64_t* sizes;
  const int32_t* decays;
  int64_t tensors;

  GATUN_DEVICE Arrays<T> at(int64_t t) const {
    return {load(weights + t), masters ? load(masters + t) : nullptr, load(m + t), load(v + t), load(gradients + t)};
  }
};

constexpr int64_t chunk = 8192;

/// The chunks of all tensors in one row; a block takes every so many-th and walks along the table as it goes.
template <class T> GATUN_KERNEL(threads, 2) adamw_step_table(Table<T> table, Rule rule) {
  const auto f = factors_of<Wide<T>>(rule);
  const auto rounding = rounding_of(rule);
  int64_t tensor = 0, passed = 0;
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
    if (tensor == table.tensors) return;
    const int64_t from = (at - passed) * chunk, count = size - from < chunk ? size - from : chunk;
    update_all(table.at(tensor).from(from), count, load(table.decays + tensor) ? count : 0, number + from,
               thread_index(), threads, f, rounding);
  }
}

}  // namespace

void adamw_step(gatun_stream& stream, void* weights, void* master, void* m, void* v, const void* gradients,
                const double* rate, const int64_t* step, const void* norm, const int64_t* key, int64_t first, int64_t n,
                int64_t decayed, double beta1, double beta2, double eps, double weight_decay, double max_norm,
                gatun_dtype dtype) {
  if (n == 0) return;
  const Rule rule{rate, step, norm, key, beta1, beta2, eps, weight_decay, max_norm};
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Arrays<T> arena{(T*)weights, (W*)master, (W*)m, (W*)v, (const W*)gradients};
    GATUN_LAUNCH(stream, adamw_step_flat<T>, grid_for(stream, n, threads * Vector<W>::count, 8), threads,
                 sizeof(Factors<W>), arena, first, n, decayed, rule);
  });
}

void adamw_table_step(gatun_stream& stream, void** weights, void** masters, void** m, void** v, void** gradients,
                      const int64_t* sizes, const int32_t* decays, const double* rate, const int64_t* step,
                      const void* norm, const int64_t* key, int64_t tensors, double beta1, double beta2, double eps,
                      double weight_decay, double max_norm, gatun_dtype dtype) {
  if (tensors == 0) return;
  const Rule rule{rate, step, norm, key, beta1, beta2, eps, weight_decay, max_norm};
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Table<T> table{(T* const*)weights,
                         (W* const*)masters,
                         (W* const*)m,
                         (W* const*)v,
                         (W* const*)gradients,
                         sizes,
                         decays,
                         tensors};
    const auto grid = dim3(static_cast<unsigned>(stream.device->processors * 8));
    GATUN_LAUNCH(stream, adamw_step_table<T>, grid, threads, sizeof(Factors<W>), table, rule);
  });
}

}  // namespace gatun
