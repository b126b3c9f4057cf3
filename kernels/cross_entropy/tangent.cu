// The tangents of softmax-cross-entropy: with p the softmax of a row of logits and t its tangent, the loss moves by
// sum(p t) - t[target], and p by p (t - sum(p t)). Reads logits and tangents once from memory and once from the
// second-level cache.
#include "softmax_rows.cuh"
#include "tangent.cuh"

namespace gatun {

using namespace softmax_tangents;

namespace {

template <class T> struct Rows {
  const T *logits, *tlogits;
  const int32_t* targets;
  const Wide<T>* lse;
  int64_t rows, vocab, stride;
};

template <class T, template <class> class Piece> GATUN_KERNEL(threads, fitting<T>(2))
softmax_cross_entropy_tangent_block_per_row(Rows<T> a, Wide<T>* tlosses) {
  using W = Wide<T>;
  for (int64_t r = block_x(); r < a.rows; r += blocks_x()) {
    const int32_t target = target_of(a.targets, r, a.vocab);
    const T *const row = a.logits + r * a.stride, *const t = a.tlogits + r * a.stride;
    const W mean = weighted<T, Piece>(row, t, a.vocab, load(a.lse + r)).mean;
    if (thread_index() == 0) store(tlosses + r, target < 0 ? W(0) : mean - widened(load(t + target)));
  }
}

template <class T, template <class> class Piece> GATUN_KERNEL(threads, fitting<T>(2))
softmax_cross_entropy_pullback_tangent_block_per_row(Rows<T> a, T* tdlogits, const Wide<T>* dloss,
                                                     const Wide<T>* tdloss, const int64_t* counted, bool fresh) {
  using W = Wide<T>;
  const int64_t count = load(counted);
  const W share = count ? W(1) / W(count) : W(0), of_target = tdloss ? share * load(tdloss) : W(0);
  for (int64_t r = block_x(); r < a.rows; r += blocks_x()) {
    T* const out = tdlogits + r * a.stride;
    const int32_t target = target_of(a.targets, r, a.vocab);
    if (target < 0) {
      if (fresh) write_zeros(out, 0, a.stride);
      continue;
    }
    const T *const row = a.logits + r * a.stride, *const t = a.tlogits ? a.tlogits + r * a.stride : nullptr;
    const W lse = load(a.lse + r);
    const auto w = weighted<T, Piece>(row, t, a.vocab, lse);
    const W factor = share * load(dloss) / w.sum, tfactor = of_target / w.sum;
    const T* const rows[] = {row, t};
    write_columns<T, Piece>(out, rows, a.vocab, fresh, [&](int64_t c, const W* column) {
      const W moved = exp(column[0] - lse) * (tfactor + factor * (column[1] - w.mean));
      return c == target ? moved - of_target : moved;
    });
    if (fresh) write_zeros(out, a.vocab, a.stride);
  }
}

}  // namespace

void softmax_cross_entropy_tangent(gatun_stream& stream, void* tloss, const void* logits, const void* tlogits,
                                   const int32_t* targets, const void* lse, const int64_t* counted, int64_t rows,
                                   int64_t vocab, int64_t stride, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Rows<T> a{(const T*)logits, (const T*)tlogits, targets, (const W*)lse, rows, vocab, stride};
    W* const tlosses = reinterpret_cast<W*>(stream.workspace.at_least(rows * sizeof(W)));
    const auto grid = grid_for(stream, rows, 1, 4);
    if (rows > 0 && stride % Vector<T>::count == 0 && aligned(logits, tlogits))
      GATUN_LAUNCH(stream, (softmax_cross_entropy_tangent_block_per_row<T, Vector>), grid, threads, reduction_bytes, a,
                   tlosses);
    else if (rows > 0)
      GATUN_LAUNCH(stream, (softmax_cross_entropy_tangent_block_per_row<T, One>), grid, threads, reduction_bytes, a,
                   tlosses);
    softmax_rows::mean_of_rows<W>(stream, (W*)tloss, tlosses, counted, rows);
  });
}

void softmax_cross_entropy_pullback_tangent(gatun_stream& stream, void* tdlogits, const void* dloss, const void* tdloss,
                                            const void* logits, const void* tlogits, const int32_t* targets,
                                            const void* lse, const int64_t* counted, int64_t rows, int64_t vocab,
                                            int64_t stride, int32_t fresh, gatun_dtype dtype) {
  if (rows == 0) return;
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Rows<T> a{(const T*)logits, (const T*)tlogits, targets, (const W*)lse, rows, vocab, stride};
    const auto grid = grid_for(stream, rows, 1, 4);
    if (stride % Vector<T>::count == 0 && aligned(logits, tlogits, tdlogits))
      GATUN_LAUNCH(stream, (softmax_cross_entropy_pullback_tangent_block_per_row<T, Vector>), grid, threads,
                   reduction_bytes, a, (T*)tdlogits, (const W*)dloss, (const W*)tdloss, counted, is_fresh(fresh, 0));
    else
      GATUN_LAUNCH(stream, (softmax_cross_entropy_pullback_tangent_block_per_row<T, One>), grid, threads,
                   reduction_bytes, a, (T*)tdlogits, (const W*)dloss, (const W*)tdloss, counted, is_fresh(fresh, 0));
  });
}

}  // namespace gatun
