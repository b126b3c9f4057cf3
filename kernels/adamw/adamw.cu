// AdamW (Loshchilov and Hutter 2019); gatun.h has the equations. One launch, over one flat arena or over a table of
// tensors: reads 16 and writes 12 bytes a weight in fp32, bound by memory; four independent loads of 16 bytes a thread.
// Trap: 1 - beta^step loses all its digits in fp32 for the first steps, so what does not change from weight to weight
// is computed in fp64, by one thread of each block.
#include "pieces.cuh"

namespace gatun {
namespace {

constexpr int threads = 256;

struct Rule {
  const double* rate;
  const int64_t* step;
  const void* norm;
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

/// Piece p of a tensor, whose first `decayed` elements decay.
template <class P, class W>
GATUN_DEVICE void update_piece(W* w, W* m, W* v, const W* gradients, int64_t p, int64_t decayed, const Factors<W>& f) {
  auto weights = P::read(w, p), means = P::read(m, p), squares = P::read(v, p);
  const auto g = P::read(gradients, p);
  for (int i = 0; i < P::count; i++)
    update(weights.at[i], means.at[i], squares.at[i], g.at[i], f, p * P::count + i < decayed);
  P::write(w, p, weights);
  P::write(m, p, means);
  P::write(v, p, squares);
}

template <class W, template <class> class Piece> GATUN_KERNEL(threads, fitting<W>(4))
adamw_step_flat(W* w, W* m, W* v, const W* gradients, int64_t n, int64_t decayed, Rule rule) {
  using P = Pieces<W, Piece>;
  const auto f = factors_of<W>(rule);
  const int64_t pieces = n / P::count, first = block_x() * threads + thread_index(), stride = blocks_x() * threads;
  for (int64_t p = first; p < pieces; p += stride) update_piece<P>(w, m, v, gradients, p, decayed, f);
  using Single = Pieces<W, One>;
  for (int64_t i = pieces * P::count + first; i < n; i += stride)
    update_piece<Single>(w, m, v, gradients, i, decayed, f);
}

template <class W> struct Table {
  W *const *weights, *const *m, *const *v, *const *gradients;
  const int64_t* sizes;
  const int32_t* decays;
  int64_t tensors;
};

constexpr int64_t chunk = 8192;

template <class W> GATUN_DEVICE bool whole_pieces(const W* a, const W* b, const W* c, const W* d) {
  return ((reinterpret_cast<uintptr_t>(a) | reinterpret_cast<uintptr_t>(b) | reinterpret_cast<uintptr_t>(c) |
           reinterpret_cast<uintptr_t>(d)) &
          15) == 0;
}

/// The chunks of all tensors in one row; a block takes every so many-th and walks along the table as it goes.
template <class W> GATUN_KERNEL(threads, 2) adamw_step_table(Table<W> table, Rule rule) {
  const auto f = factors_of<W>(rule);
  int64_t tensor = 0, passed = 0;
  for (int64_t at = block_x();; at += blocks_x()) {
    int64_t size = 0;
    for (; tensor < table.tensors; tensor++) {
      size = load(table.sizes + tensor);
      const int64_t own = size > 0 ? (size + chunk - 1) / chunk : 0;
      if (at < passed + own) break;
      passed += own;
    }
    if (tensor == table.tensors) return;
    const int64_t from = (at - passed) * chunk, count = size - from < chunk ? size - from : chunk;
    W *const w = load(table.weights + tensor) + from, *const m = load(table.m + tensor) + from,
             *const v = load(table.v + tensor) + from;
    const W* const gradients = load(table.gradients + tensor) + from;
    const int64_t decayed = load(table.decays + tensor) ? count : 0;
    using Whole = Pieces<W, Vector>;
    using Single = Pieces<W, One>;
    const int64_t pieces = whole_pieces<W>(w, m, v, gradients) ? count / Whole::count : 0;
    for (int64_t p = thread_index(); p < pieces; p += threads) update_piece<Whole>(w, m, v, gradients, p, decayed, f);
    for (int64_t i = pieces * Whole::count + thread_index(); i < count; i += threads)
      update_piece<Single>(w, m, v, gradients, i, decayed, f);
  }
}

}  // namespace

void adamw_step(gatun_stream& stream, void* weights, void* m, void* v, const void* gradients, const double* rate,
                const int64_t* step, const void* norm, int64_t n, int64_t decayed, double beta1, double beta2,
                double eps, double weight_decay, double max_norm, gatun_dtype dtype) {
  if (n == 0) return;
  const Rule rule{rate, step, norm, beta1, beta2, eps, weight_decay, max_norm};
  by_type(dtype, [&](auto* t) {
    using W = Wide<GATUN_ELEMENT(t)>;
    const auto grid = grid_for(stream, n, threads * Vector<W>::count, 8);
    if (aligned(weights, m, v, gradients))
      GATUN_LAUNCH(stream, (adamw_step_flat<W, Vector>), grid, threads, sizeof(Factors<W>), (W*)weights, (W*)m, (W*)v,
                   (const W*)gradients, n, decayed, rule);
    else
      GATUN_LAUNCH(stream, (adamw_step_flat<W, One>), grid, threads, sizeof(Factors<W>), (W*)weights, (W*)m, (W*)v,
                   (const W*)gradients, n, decayed, rule);
  });
}

void adamw_table_step(gatun_stream& stream, void** weights, void** m, void** v, void** gradients, const int64_t* sizes,
                      const int32_t* decays, const double* rate, const int64_t* step, const void* norm, int64_t tensors,
                      double beta1, double beta2, double eps, double weight_decay, double max_norm, gatun_dtype dtype) {
  if (tensors == 0) return;
  const Rule rule{rate, step, norm, beta1, beta2, eps, weight_decay, max_norm};
  by_type(dtype, [&](auto* t) {
    using W = Wide<GATUN_ELEMENT(t)>;
    const Table<W> table{(W* const*)weights, (W* const*)m, (W* const*)v, (W* const*)gradients, sizes, decays, tensors};
    const auto grid = dim3(static_cast<unsigned>(stream.device->processors * 8));
    GATUN_LAUNCH(stream, adamw_step_table<W>, grid, threads, sizeof(Factors<W>), table, rule);
  });
}

}  // namespace gatun
