// The library's own matrix products, built once per level; products.cpp chooses between them and oneDNN.
#pragma once
#include "products.h"

namespace gatun {

/// The room that multiply_in_blocks packs its two factors into, for each thread.
constexpr int64_t packing_bytes = 1 << 20;

/// Rows of a matrix as it is stored.
template <class Element> struct StoredRows {
  Element* start;
  int64_t stride;
};

#define GATUN_PRODUCT_LOOPS(level)                                                                \
  namespace level {                                                                               \
  void multiply_plainly(const Product& product);                                                  \
  void multiply_in_blocks(const Product& product, char* room, int threads);                       \
  void widen(StoredRows<float> to, StoredRows<const uint16_t> from, int64_t rows, int64_t cols);  \
  void narrow(StoredRows<uint16_t> to, StoredRows<const float> from, int64_t rows, int64_t cols); \
  }
GATUN_PRODUCT_LOOPS(v2)
GATUN_PRODUCT_LOOPS(v3)
GATUN_PRODUCT_LOOPS(v4)

/// On the calling thread alone, without memory of its own.
constexpr Leveled<decltype(v2::multiply_plainly)> multiply_plainly{v2::multiply_plainly, v3::multiply_plainly,
                                                                   v4::multiply_plainly};

/// `room` is aligned to 64 bytes and holds packing_bytes for each of `threads`. c is wide: it holds unfinished sums.
constexpr Leveled<decltype(v2::multiply_in_blocks)> multiply_in_blocks{v2::multiply_in_blocks, v3::multiply_in_blocks,
                                                                       v4::multiply_in_blocks};

/// Between bf16 and floats, on the calling thread.
constexpr Leveled<decltype(v2::widen)> widen{v2::widen, v3::widen, v4::widen};
constexpr Leveled<decltype(v2::narrow)> narrow{v2::narrow, v3::narrow, v4::narrow};

}  // namespace gatun
