// The library's own matrix products, built once per level; products.cpp chooses between them and oneDNN.
#pragma once
#include "products.h"

namespace gatun {

/// The room that multiply_in_blocks packs its two factors into, for each thread.
constexpr int64_t packing_bytes = 1 << 20;

#define GATUN_PRODUCT_LOOPS(level)                                          \
  namespace level {                                                         \
  void multiply_plainly(const Product& product);                            \
  void multiply_in_blocks(const Product& product, char* room, int threads); \
  }
GATUN_PRODUCT_LOOPS(v2)
GATUN_PRODUCT_LOOPS(v3)
GATUN_PRODUCT_LOOPS(v4)

/// On the calling thread alone, without memory of its own.
constexpr Leveled<decltype(v2::multiply_plainly)> multiply_plainly{v2::multiply_plainly, v3::multiply_plainly,
                                                                   v4::multiply_plainly};

/// `room` is aligned to 64 bytes and holds packing_bytes for each of `threads`.
constexpr Leveled<decltype(v2::multiply_in_blocks)> multiply_in_blocks{v2::multiply_in_blocks, v3::multiply_in_blocks,
                                                                       v4::multiply_in_blocks};

}  // namespace gatun
