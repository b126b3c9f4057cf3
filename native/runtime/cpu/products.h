// Matrix products for the CPU kernels. Plain types only: kernel bodies of every level include this.
#pragma once
#include <cstdint>

#include "gatun.h"
#include "level.h"

namespace gatun {

/// c (rows, cols; row stride ldc) = alpha * op(a) op(b) + (accumulate ? c : 0) [+ bias (cols)] [then GELU].
/// op(a) is (rows, inner): stored so with row stride lda, or transposed as (inner, rows). op(b) is (inner, cols)
/// likewise.
struct Product {
  void* c;
  const void *a, *b;
  int64_t rows, cols, inner;
  int64_t ldc, lda, ldb;
  bool transpose_a, transpose_b, accumulate;
  double alpha;
  const void* bias;
  bool gelu;
  gatun_dtype dtype;
};

void multiply(const Product& product);

/// Keeps oneDNN from using instructions above the level.
void lower_products_to(Level level);
const char* products_version();

}  // namespace gatun
