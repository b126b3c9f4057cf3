// The products of the head on a device. Trap: the rows of the table behind `vocab` are padding. No product reads them,
// so that nothing in them, not even NaN, reaches a result; their gradient is zero.
#pragma once
#include "../cross_entropy/softmax_rows.cuh"
#include "products.h"

namespace gatun::head {

constexpr int clearing_threads = 256;

/// The sizes of the head, in elements of `dtype`.
struct Head {
  int64_t rows, cols, vocab, stride;
  gatun_dtype dtype;

  /// As many rows as a chunk from row r on has.
  Head part(int64_t r, int64_t chunk) const {
    Head head = *this;
    head.rows = rows - r < chunk ? rows - r : chunk;
    return head;
  }
};

template <class T> GATUN_KERNEL(clearing_threads, 4)
head_loss_clear_padding(T* start, int64_t rows, int64_t counted, int64_t stride) {
  const int64_t wide = stride - counted;
  for (int64_t i = block_x() * clearing_threads + thread_index(); i < rows * wide; i += blocks_x() * clearing_threads)
    store(start + i / wide * stride + counted + i % wide, narrowed<T>(Wide<T>(0)));
}

/// Zeros behind the first `counted` elements of each row.
template <class T> void clear_padding(gatun_stream& stream, T* start, int64_t rows, int64_t counted, int64_t stride) {
  if (rows > 0 && stride > counted)
    GATUN_LAUNCH(stream, head_loss_clear_padding<T>, grid_for(stream, rows * (stride - counted), clearing_threads),
                 clearing_threads, 0, start, rows, counted, stride);
}

/// The first `vocab` columns of logits (rows, stride) = x table^T, or that added.
template <class T>
void compute_logits(gatun_stream& stream, T* logits, const T* x, const T* table, Head head, bool add = false) {
  multiply(stream, {.c = logits,
                    .a = x,
                    .b = table,
                    .rows = head.rows,
                    .cols = head.vocab,
                    .inner = head.cols,
                    .ldc = head.stride,
                    .lda = head.cols,
                    .ldb = head.cols,
                    .transpose_b = true,
                    .accumulate = add,
                    .keep_workspace = true,
                    .dtype = head.dtype});
}

/// dx (+)= alpha * gradient table and dtable (+)= alpha * gradient^T x.
template <class T> void multiply_gradient(gatun_stream& stream, T* dx, Wide<T>* dtable, const T* gradient, const T* x,
                                          const T* table, const Wide<T>* alpha, bool add_x, bool add_table, Head head) {
  if (dx)
    multiply(stream, {.c = dx,
                      .a = gradient,
                      .b = table,
                      .rows = head.rows,
                      .cols = head.cols,
                      .inner = head.vocab,
                      .ldc = head.cols,
                      .lda = head.stride,
                      .ldb = head.cols,
                      .accumulate = add_x,
                      .alpha = alpha,
                      .dtype = head.dtype});
  if (dtable)
    multiply(stream, {.c = dtable,
                      .a = gradient,
                      .b = x,
                      .rows = head.vocab,
                      .cols = head.cols,
                      .inner = head.rows,
                      .ldc = head.cols,
                      .lda = head.stride,
                      .ldb = head.cols,
                      .transpose_a = true,
                      .accumulate = add_table,
                      .wide = true,
                      .alpha = alpha,
                      .dtype = head.dtype});
}

}  // namespace gatun::head
