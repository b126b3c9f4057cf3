// The products of the head on the CPU. Trap: the rows of the table behind `vocab` are padding. No product reads them,
// so that nothing in them, not even NaN, reaches a result; their gradient is zero.
#pragma once
#include "body.h"
#include "products.h"
#include "softmax.h"

namespace gatun::GATUN_LEVEL {

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

/// logits (rows, stride) = x table^T, or that added to them; zero behind `vocab`.
template <class T> inline void compute_logits(T* logits, const T* x, const T* table, Head head, bool add = false) {
  multiply({.c = logits,
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
            .dtype = head.dtype});
  for (int64_t r = 0; r < head.rows; r++) zero(logits + r * head.stride + head.vocab, head.stride - head.vocab);
}

/// dx (+)= alpha * gradient table and dtable (+)= alpha * gradient^T x.
template <class T> inline void multiply_gradient(T* dx, Wide<T>* dtable, const T* gradient, const T* x, const T* table,
                                                 double alpha, bool add_x, bool add_table, Head head) {
  if (dx)
    multiply({.c = dx,
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
    multiply({.c = dtable,
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

/// Logits become factor * (softmax - one-hot).
template <class T>
inline void gradients_of_rows(T* logits, const int32_t* targets, const Wide<T>* lse, Wide<T> factor, Head head) {
#pragma omp parallel for schedule(static) if (head.rows * head.vocab >= worth_a_team)
  for (int64_t r = 0; r < head.rows; r++) {
    T* const row = logits + r * head.stride;
    if (targets[r] < 0)
      zero(row, head.vocab);
    else
      softmax_gradient(row, row, head.vocab, lse[r], targets[r], factor, true);
  }
}

}  // namespace gatun::GATUN_LEVEL
