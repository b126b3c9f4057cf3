// c = op(a) op(b), one product for each of a batch; da = dc op(b)^T and db = op(a)^T dc, each in its argument's layout.
// 2 * rows * cols * inner FLOPs a product; bound by arithmetic unless one of the sizes is small.
// Trap: where a factor is stored transposed, so is its gradient: the two factors of that product change places.
#include "body.h"
#include "products.h"

namespace gatun::GATUN_LEVEL {
namespace {

/// The matrices of a batch, one after the other.
struct Matrices {
  const void* start;
  int64_t rows, cols;
  bool transposed;
};

/// `product` of the i-th matrices: c (rows, cols) = op(a) op(b).
Product product_of(void* c, int64_t rows, int64_t cols, int64_t inner, Matrices a, Matrices b, int64_t i,
                   bool accumulate, gatun_dtype dtype) {
  const int64_t bytes = dtype == GATUN_F64 ? 8 : dtype == GATUN_BF16 ? 2 : 4;
  return {.c = (char*)c + i * rows * cols * bytes,
          .a = (const char*)a.start + i * a.rows * a.cols * bytes,
          .b = (const char*)b.start + i * b.rows * b.cols * bytes,
          .rows = rows,
          .cols = cols,
          .inner = inner,
          .ldc = cols,
          .lda = a.cols,
          .ldb = b.cols,
          .transpose_a = a.transposed,
          .transpose_b = b.transposed,
          .accumulate = accumulate,
          .dtype = dtype};
}

/// Small products share the batch among the threads; large ones are shared themselves.
void multiply_batch(void* c, int64_t rows, int64_t cols, int64_t inner, Matrices a, Matrices b, int64_t batch,
                    bool accumulate, gatun_dtype dtype) {
  const int64_t multiplications = rows * cols * inner;
  if (multiplications < small_product) {
#pragma omp parallel for schedule(static) if (batch > 1 && batch * multiplications >= small_product)
    for (int64_t i = 0; i < batch; i++) multiply(product_of(c, rows, cols, inner, a, b, i, accumulate, dtype));
  } else {
    for (int64_t i = 0; i < batch; i++) multiply(product_of(c, rows, cols, inner, a, b, i, accumulate, dtype));
  }
}

Matrices stored(const void* start, int64_t rows, int64_t cols, bool transposed) {
  return transposed ? Matrices{start, cols, rows, true} : Matrices{start, rows, cols, false};
}

Matrices transpose(Matrices m) { return {m.start, m.rows, m.cols, !m.transposed}; }

}  // namespace

void matmul_forward(gatun_stream&, void* c, const void* a, const void* b, int64_t batch, int64_t rows, int64_t cols,
                    int64_t inner, int32_t transposed, gatun_dtype dtype) {
  multiply_batch(c, rows, cols, inner, stored(a, rows, inner, transposed & 1), stored(b, inner, cols, transposed & 2),
                 batch, false, dtype);
}

void matmul_pullback(gatun_stream&, void* da, void* db, const void* dc, const void* a, const void* b, int64_t batch,
                     int64_t rows, int64_t cols, int64_t inner, int32_t transposed, int32_t fresh, gatun_dtype dtype) {
  const Matrices left = stored(a, rows, inner, transposed & 1), right = stored(b, inner, cols, transposed & 2);
  const Matrices gradient{dc, rows, cols, false};
  const bool add_a = !is_fresh(fresh, 0), add_b = !is_fresh(fresh, 1);
  if (da && left.transposed)
    multiply_batch(da, inner, rows, cols, right, transpose(gradient), batch, add_a, dtype);
  else if (da)
    multiply_batch(da, rows, inner, cols, gradient, transpose(right), batch, add_a, dtype);
  if (db && right.transposed)
    multiply_batch(db, cols, inner, rows, transpose(gradient), left, batch, add_b, dtype);
  else if (db)
    multiply_batch(db, inner, cols, rows, transpose(left), gradient, batch, add_b, dtype);
}

}  // namespace gatun::GATUN_LEVEL
