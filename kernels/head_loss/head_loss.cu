// The cross-entropy of the logits x table^T, some rows at a time. 2 * rows * cols * vocab FLOPs, and twice that in the
// pullback, or three times where the logits are computed again. Beside the products a row of logits is read twice and
// its gradient written over it.
#include "head.cuh"

namespace gatun {

using namespace head;

namespace {

template <class T> void forward(gatun_stream& stream, Wide<T>* loss, Wide<T>* lse, int64_t* counted, T* logits,
                                const T* x, const T* table, const int32_t* targets, int64_t chunk, bool keep,
                                Head head) {
  // The losses of all rows stay in the workspace until their mean is taken.
  auto* const losses = reinterpret_cast<Wide<T>*>(stream.workspace.at_least(head.rows * sizeof(Wide<T>)));
  softmax_rows::count_targets(stream, counted, targets, head.rows, head.vocab);
  for (int64_t r = 0; r < head.rows; r += chunk) {
    const Head part = head.part(r, chunk);
    compute_logits(stream, logits, x + r * head.cols, table, part);
    softmax_rows::forward<T>(stream, logits, losses + r, lse + r, targets + r, counted, part.rows, head.vocab,
                             head.stride, keep);
  }
  if (!keep) clear_padding(stream, logits, chunk, head.vocab, head.stride);
  softmax_rows::mean_of_rows<Wide<T>>(stream, loss, losses, counted, head.rows);
}

template <class T> void pullback(gatun_stream& stream, T* scratch, T* dx, Wide<T>* dtable, const Wide<T>* dloss,
                                 const T* kept, const T* x, const T* table, const int32_t* targets,
                                 const int64_t* counted, int64_t chunk, bool fresh_x, bool fresh_table, Head head) {
  // Of the table too the padding lies behind the rest.
  if (dtable && fresh_table) clear_padding(stream, dtable, 1, head.vocab * head.cols, head.stride * head.cols);
  if (kept || head.rows == 0)
    return multiply_gradient(stream, dx, dtable, kept, x, table, dloss, !fresh_x, !fresh_table, head);
  for (int64_t r = 0; r < head.rows; r += chunk) {
    const Head part = head.part(r, chunk);
    compute_logits(stream, scratch, x + r * head.cols, table, part);
    softmax_rows::gradient<T>(stream, scratch, scratch, targets + r, dloss, counted, part.rows, head.vocab, head.stride,
                              true);
    multiply_gradient<T>(stream, dx ? dx + r * head.cols : dx, dtable, scratch, x + r * head.cols, table, nullptr,
                         !fresh_x, !fresh_table || r > 0, part);
  }
}

}  // namespace

void head_loss_forward(gatun_stream& stream, void* loss, void* lse, int64_t* counted, void* logits, const void* x,
                       const void* table, const int32_t* targets, int64_t rows, int64_t cols, int64_t vocab,
                       int64_t stride, int64_t chunk, int32_t keep_gradient, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    forward<T>(stream, (W*)loss, (W*)lse, counted, (T*)logits, (const T*)x, (const T*)table, targets, chunk,
               keep_gradient, {rows, cols, vocab, stride, dtype});
  });
}

void head_loss_pullback(gatun_stream& stream, void* scratch, void* dx, void* dtable, const void* dloss,
                        const void* kept, const void* x, const void* table, const int32_t* targets, const void*,
                        const int64_t* counted, int64_t rows, int64_t cols, int64_t vocab, int64_t stride,
                        int64_t chunk, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    pullback<T>(stream, (T*)scratch, (T*)dx, (W*)dtable, (const W*)dloss, (const T*)kept, (const T*)x, (const T*)table,
                targets, counted, chunk, is_fresh(fresh, 0), is_fresh(fresh, 1), {rows, cols, vocab, stride, dtype});
  });
}

}  // namespace gatun
