// Matrix products for the kernels of a device. Plain types only: host code includes this too.
#pragma once
#include <cstdint>

#include "stream.h"

namespace gatun {

/// c (rows, cols; row stride ldc) = finish(alpha * op(a) op(b)) + (accumulate ? c : 0). op(a) is (rows, inner): stored
/// so with row stride lda, or transposed as (inner, rows). op(b) is (inner, cols) likewise. Wide is float, or double
/// under fp64; sums are Wide.
struct Product {
  void* c;
  const void *a, *b;
  int64_t rows, cols, inner;
  int64_t ldc, lda, ldb;
  bool transpose_a = false, transpose_b = false, accumulate = false;
  bool wide = false;            // c is an array of Wide; else of dtype
  const void* alpha = nullptr;  // a Wide in device memory; null for 1

  int64_t batch = 1;  // as many products, their matrices this many elements apart
  int64_t apart_c = 0, apart_a = 0, apart_b = 0;

  // What becomes of a sum before it is c, in this order. All but the bias, which is Wide, are dtype and lie as c does.
  const void* bias = nullptr;   // (cols), added
  const void* slope = nullptr;  // multiplied by the derivative of GELU at these
  void* pre = nullptr;          // receives what GELU is applied to
  bool gelu = false;

  /// (cols) of Wide: receives the column sums of op(b), beside the product. Only with a transposed and b not.
  void* column_sums = nullptr;
  bool accumulate_sums = false;

  /// The stream's workspace holds something of the caller's: `inner` is not split.
  bool keep_workspace = false;
  gatun_dtype dtype;
};

/// On cuBLASLt where there is one and it knows how, else on the library's own kernels. The same bits from run to run on
/// the same kind of device.
void multiply(gatun_stream& stream, const Product& product);

}  // namespace gatun
