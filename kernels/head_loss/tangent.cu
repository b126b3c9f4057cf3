// The tangents of the head with its loss. With K = (softmax - one-hot) / counted of a row of logits and t the tangent
// of that row, the loss moves by sum(K t), and K by softmax (t - sum(softmax t)) / counted. 4 * rows * cols * vocab
// FLOPs, and 8 in the pullback; half as many more where the logits are computed again. Beside the products a row of
// logits and one of tangents are read twice.
#include "../cross_entropy/tangent.cuh"
#include "head.cuh"

namespace gatun {

using namespace head;
using namespace softmax_tangents;

namespace {

/// What the head reads, from row r on; tangents may be null.
template <class T> struct Inputs {
  const T *x, *tx, *table, *ttable;

  Inputs from(int64_t r, Head head) const {
    return {x + r * head.cols, tx ? tx + r * head.cols : nullptr, table, ttable};
  }
};

template <class T> void compute_tlogits(gatun_stream& stream, T* tlogits, Inputs<T> in, Head head) {
  if (in.tx) compute_logits(stream, tlogits, in.tx, in.table, head);
  if (in.ttable) compute_logits(stream, tlogits, in.x, in.ttable, head, in.tx != nullptr);
  clear_padding(stream, tlogits, head.rows, in.tx || in.ttable ? head.vocab : 0, head.stride);
}

template <class T> struct Carried {
  const T* kept;
  T* tlogits;
  Wide<T>* tlosses;
  const int32_t* targets;
  const int64_t* counted;
  int64_t rows, vocab, stride;
};

/// From K: tangents of logits become those of K; tlosses are counted times sum(K t), so that their mean is what it is.
template <class T, template <class> class Piece> GATUN_KERNEL(threads, fitting<T>(2))
head_loss_carry_kept(Carried<T> a) {
  using W = Wide<T>;
  const W count = W(load(a.counted));
  for (int64_t r = block_x(); r < a.rows; r += blocks_x()) {
    T* const t = a.tlogits + r * a.stride;
    const int32_t target = target_of(a.targets, r, a.vocab);
    if (target < 0) {
      write_zeros(t, 0, a.vocab);
      if (thread_index() == 0) store(a.tlosses + r, W(0));
      continue;
    }
    const T* const rows[] = {a.kept + r * a.stride, t};
    const W at_target = widened(load(t + target));
    W sum = 0;
    over_columns<T, Piece>(rows, a.vocab, [&](int64_t, const W* column) { sum += column[0] * column[1]; });
    // Behind the barriers of the sum nobody reads the target's tangent any more.
    sum = block_sum(sum, reinterpret_cast<W*>(shared_memory())) * count;
    const W mean = sum + at_target;
    write_columns<T, Piece>(t, rows, a.vocab, true, [&](int64_t c, const W* column) {
      return (column[0] + (c == target ? W(1) / count : W(0))) * (column[1] - mean);
    });
    if (thread_index() == 0) store(a.tlosses + r, sum);
  }
}

template <class T> struct Recomputed {
  T *logits, *tlogits;
  Wide<T>* tlosses;
  const int32_t* targets;
  const Wide<T>* lse;
  const int64_t* counted;
  int64_t rows, vocab, stride;
};

/// From the logits: with `tlosses` those alone; else logits become K, and their tangents that of K.
template <class T, template <class> class Piece> GATUN_KERNEL(threads, fitting<T>(2))
head_loss_replace_by_gradients(Recomputed<T> a) {
  using W = Wide<T>;
  for (int64_t r = block_x(); r < a.rows; r += blocks_x()) {
    T *const row = a.logits + r * a.stride, *const t = a.tlogits + r * a.stride;
    const int32_t target = target_of(a.targets, r, a.vocab);
    if (target < 0) {
      if (!a.tlosses) write_zeros(row, 0, a.vocab);
      if (!a.tlosses) write_zeros(t, 0, a.vocab);
      if (a.tlosses && thread_index() == 0) store(a.tlosses + r, W(0));
      continue;
    }
    const W lse = load(a.lse + r);
    const auto w = weighted<T, Piece>(row, t, a.vocab, lse);
    if (a.tlosses) {
      if (thread_index() == 0) store(a.tlosses + r, w.mean - widened(load(t + target)));
      continue;
    }
    const W one = W(1) / W(load(a.counted)), share = one / w.sum;
    const T* const rows[] = {row, t};
    write_columns<T, Piece>(t, rows, a.vocab, true, [&](int64_t, const W* column) {
      return exp(column[0] - lse) * share * (column[1] - w.mean);
    });
    const T* const logits[] = {row, nullptr};
    write_columns<T, Piece>(row, logits, a.vocab, true, [&](int64_t c, const W* column) {
      return exp(column[0] - lse) * share - (c == target ? one : W(0));
    });
  }
}

template <class T> void carry_kept(gatun_stream& stream, const Carried<T>& a) {
  const auto grid = grid_for(stream, a.rows, 1, 4);
  if (a.stride % Vector<T>::count == 0 && aligned(a.kept, a.tlogits))
    GATUN_LAUNCH(stream, (head_loss_carry_kept<T, Vector>), grid, threads, reduction_bytes, a);
  else
    GATUN_LAUNCH(stream, (head_loss_carry_kept<T, One>), grid, threads, reduction_bytes, a);
}

template <class T> void recompute(gatun_stream& stream, const Recomputed<T>& a) {
  const auto grid = grid_for(stream, a.rows, 1, 4);
  if (a.stride % Vector<T>::count == 0 && aligned(a.logits, a.tlogits))
    GATUN_LAUNCH(stream, (head_loss_replace_by_gradients<T, Vector>), grid, threads, reduction_bytes, a);
  else
    GATUN_LAUNCH(stream, (head_loss_replace_by_gradients<T, One>), grid, threads, reduction_bytes, a);
}

template <class T> void tangent(gatun_stream& stream, Wide<T>* tloss, T* tlogits, T* scratch, const T* kept,
                                Inputs<T> in, const int32_t* targets, const Wide<T>* lse, const int64_t* counted,
                                int64_t chunk, Head head) {
  // The losses of all rows stay in the workspace until their mean is taken.
  auto* const tlosses = reinterpret_cast<Wide<T>*>(stream.workspace.at_least(head.rows * sizeof(Wide<T>)));
  for (int64_t r = 0; r < head.rows; r += chunk) {
    const Head part = head.part(r, chunk);
    const auto rows = in.from(r, head);
    compute_tlogits(stream, tlogits, rows, part);
    if (kept) {
      carry_kept<T>(stream, {kept, tlogits, tlosses, targets, counted, part.rows, head.vocab, head.stride});
      continue;
    }
    compute_logits(stream, scratch, rows.x, rows.table, part);
    clear_padding(stream, scratch, part.rows, head.vocab, head.stride);
    recompute<T>(stream,
                 {scratch, tlogits, tlosses + r, targets + r, lse + r, counted, part.rows, head.vocab, head.stride});
  }
  softmax_rows::mean_of_rows<Wide<T>>(stream, tloss, tlosses, counted, head.rows);
}

/// The tangents of both gradients, and what they are multiplied by.
template <class T> struct Destinations {
  T* tdx;
  Wide<T>* tdtable;
  const Wide<T>*dloss, *tdloss;

  /// Adds alpha * gradient table and alpha * gradient^T x; of null nothing.
  void take(gatun_stream& stream, const Wide<T>* alpha, const T* gradient, const T* x, const T* table,
            Head head) const {
    multiply_gradient<T>(stream, table ? tdx : nullptr, x ? tdtable : nullptr, gradient, x, table, alpha, true, true,
                         head);
  }
  void take_all(gatun_stream& stream, const T* k, const T* tk, Inputs<T> in, bool gauss_newton, Head head) const {
    if (tk) take(stream, dloss, tk, in.x, in.table, head);
    if (gauss_newton) return;
    take(stream, dloss, k, in.tx, in.ttable, head);
    if (tdloss) take(stream, tdloss, k, in.x, in.table, head);
  }
};

template <class T> void pullback_tangent(gatun_stream& stream, T* scratch, T* tscratch, Destinations<T> to,
                                         const T* kept, const T* tkept, Inputs<T> in, const int32_t* targets,
                                         const Wide<T>* lse, const int64_t* counted, int64_t chunk, bool gauss_newton,
                                         bool fresh_x, bool fresh_table, Head head) {
  if (to.tdx && fresh_x) clear_padding(stream, to.tdx, 1, 0, head.rows * head.cols);
  if (to.tdtable && fresh_table) clear_padding(stream, to.tdtable, 1, 0, head.stride * head.cols);
  if (head.rows == 0) return;
  if (kept) return to.take_all(stream, kept, tkept, in, gauss_newton, head);
  T* const tdx = to.tdx;
  for (int64_t r = 0; r < head.rows; r += chunk) {
    const Head part = head.part(r, chunk);
    const auto rows = in.from(r, head);
    compute_logits(stream, scratch, rows.x, rows.table, part);
    compute_tlogits(stream, tscratch, rows, part);
    recompute<T>(stream,
                 {scratch, tscratch, nullptr, targets + r, lse + r, counted, part.rows, head.vocab, head.stride});
    clear_padding(stream, scratch, part.rows, head.vocab, head.stride);
    to.tdx = tdx ? tdx + r * head.cols : nullptr;
    to.take_all(stream, scratch, tscratch, rows, gauss_newton, part);
  }
}

}  // namespace

void head_loss_tangent(gatun_stream& stream, void* tloss, void* tlogits, void* scratch, const void* kept, const void* x,
                       const void* tx, const void* table, const void* ttable, const int32_t* targets, const void* lse,
                       const int64_t* counted, int64_t rows, int64_t cols, int64_t vocab, int64_t stride, int64_t chunk,
                       gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Inputs<T> in{(const T*)x, (const T*)tx, (const T*)table, (const T*)ttable};
    tangent<T>(stream, (W*)tloss, (T*)tlogits, (T*)scratch, (const T*)kept, in, targets, (const W*)lse, counted, chunk,
               {rows, cols, vocab, stride, dtype});
  });
}

void head_loss_pullback_tangent(gatun_stream& stream, void* scratch, void* tscratch, void* tdx, void* tdtable,
                                const void* dloss, const void* tdloss, const void* kept, const void* tkept,
                                const void* x, const void* tx, const void* table, const void* ttable,
                                const int32_t* targets, const void* lse, const int64_t* counted, int64_t rows,
                                int64_t cols, int64_t vocab, int64_t stride, int64_t chunk, int32_t gauss_newton,
                                int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Inputs<T> in{(const T*)x, (const T*)tx, (const T*)table, (const T*)ttable};
    pullback_tangent<T>(stream, (T*)scratch, (T*)tscratch, {(T*)tdx, (W*)tdtable, (const W*)dloss, (const W*)tdloss},
                        (const T*)kept, (const T*)tkept, in, targets, (const W*)lse, counted, chunk, gauss_newton,
                        is_fresh(fresh, 0), is_fresh(fresh, 1), {rows, cols, vocab, stride, dtype});
  });
}

}  // namespace gatun
