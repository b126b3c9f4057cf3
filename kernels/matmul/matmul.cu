// c = op(a) op(b), one product for each of a batch; da = dc op(b)^T and db = op(a)^T dc, each in its argument's layout.
// 2 * rows * cols * inner FLOPs a product; bound by arithmetic unless one of the sizes is small. A batch is one launch.
// Trap: where a factor is stored transposed, so is its gradient: the two factors of that product change places.
#include "device.cuh"
#include "products.h"

namespace gatun {
namespace {

/// The matrices of a batch, one after the other.
struct Matrices {
  const void* start;
  int64_t rows, cols;
  bool transposed;
};

Matrices stored(const void* start, int64_t rows, int64_t cols, bool transposed) {
  return transposed ? Matrices{start, cols, rows, true} : Matrices{start, rows, cols, false};
}

Matrices transpose(Matrices m) { return {m.start, m.rows, m.cols, !m.transposed}; }

/// c (rows, cols) = op(a) op(b).
Product product_of(void* c, int64_t rows, int64_t cols, int64_t inner, Matrices a, Matrices b, int64_t batch,
                   bool accumulate, gatun_dtype dtype) {
  return {.c = c,
          .a = a.start,
          .b = b.start,
          .rows = rows,
          .cols = cols,
          .inner = inner,
          .ldc = cols,
          .lda = a.cols,
          .ldb = b.cols,
          .transpose_a = a.transposed,
          .transpose_b = b.transposed,
          .accumulate = accumulate,
          .batch = batch,
          .apart_c = rows * cols,
          .apart_a = a.rows * a.cols,
          .apart_b = b.rows * b.cols,
          .dtype = dtype};
}

}  // namespace

void matmul_forward(gatun_stream& stream, void* c, const void* a, const void* b, int64_t batch, int64_t rows,
                    int64_t cols, int64_t inner, int32_t transposed, gatun_dtype dtype) {
  multiply(stream, product_of(c, rows, cols, inner, stored(a, rows, inner, transposed & 1),
                              stored(b, inner, cols, transposed & 2), batch, false, dtype));
}

void matmul_pullback(gatun_stream& stream, void* da, void* db, const void* dc, const void* a, const void* b,
                     int64_t batch, int64_t rows, int64_t cols, int64_t inner, int32_t transposed, int32_t fresh,
                     gatun_dtype dtype) {
  const Matrices left = stored(a, rows, inner, transposed & 1), right = stored(b, inner, cols, transposed & 2);
  const Matrices gradient{dc, rows, cols, false};
  const bool add_a = !is_fresh(fresh, 0), add_b = !is_fresh(fresh, 1);
  if (da && left.transposed)
    multiply(stream, product_of(da, inner, rows, cols, right, transpose(gradient), batch, add_a, dtype));
  else if (da)
    multiply(stream, product_of(da, rows, inner, cols, gradient, transpose(right), batch, add_a, dtype));
  if (db && right.transposed)
    multiply(stream, product_of(db, cols, inner, rows, transpose(gradient), left, batch, add_b, dtype));
  else if (db)
    multiply(stream, product_of(db, inner, cols, rows, transpose(left), gradient, batch, add_b, dtype));
}

}  // namespace gatun
