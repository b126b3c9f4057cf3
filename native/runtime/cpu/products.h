// Matrix products for the CPU kernels. Plain types only: kernel bodies of every level include this.
#pragma once
#include <cstdint>

#include "gatun.h"
#include "level.h"

namespace gatun {

/// c (rows, cols; row stride ldc) = alpha * op(a) op(b) + (accumulate ? c : 0). op(a) is (rows, inner): stored so with
/// row stride lda, or transposed as (inner, rows). op(b) is (inner, cols) likewise. Wide is float, or double under
/// fp64; sums are Wide, and c is rounded once.
struct Product {
  void* c;
  const void *a, *b;
  int64_t rows, cols, inner;
  int64_t ldc, lda, ldb;
  bool transpose_a = false, transpose_b = false, accumulate = false;
  bool wide = false;  // c is an array of Wide; else of dtype
  double alpha = 1;
  gatun_dtype dtype;
};

/// Products of fewer multiplications run on the calling thread. They alone may be computed inside a parallel region:
/// they cannot fail.
constexpr int64_t small_product = 32 * 32 * 32;

/// The same bits from run to run at the same number of threads; fp64 at any number.
void multiply(const Product& product);

/// Settles, for the whole process, that products use no instructions above the level. Fails where oneDNN can no longer
/// be held to it.
void lower_products_to(Level level);
const char* products_version();

}  // namespace gatun
