// y[b,c,r] = x[b,r,c]. Bound by memory: one read and one write. Tiles pass through a small buffer, so that both arrays
// are met in whole cache lines. Trap: written straight to y, rows that lie a power of two apart share a cache set.
#include "loops.h"

namespace gatun::GATUN_LEVEL {
namespace {

constexpr int64_t tile = 32;

/// What a vector of elements is made of.
template <class T> struct Lane { using type = T; };
template <> struct Lane<bf16> { using type = uint16_t; };

/// Turns a block of four rows and columns in registers: rows are paired with those two below, then with their
/// neighbours.
template <class T> void transpose_four(T* to, int64_t to_stride, const T* from, int64_t from_stride) {
  typedef typename Lane<T>::type Four __attribute__((vector_size(4 * sizeof(T))));
  typedef decltype(Four{} < Four{}) Lanes;
  constexpr Lanes low = {0, 4, 1, 5}, high = {2, 6, 3, 7};
  Four rows[4];
  for (int i = 0; i < 4; i++) memcpy(&rows[i], from + i * from_stride, sizeof(Four));
  const Four even_low = __builtin_shuffle(rows[0], rows[2], low), even_high = __builtin_shuffle(rows[0], rows[2], high);
  const Four odd_low = __builtin_shuffle(rows[1], rows[3], low), odd_high = __builtin_shuffle(rows[1], rows[3], high);
  const Four cols[4] = {__builtin_shuffle(even_low, odd_low, low), __builtin_shuffle(even_low, odd_low, high),
                        __builtin_shuffle(even_high, odd_high, low), __builtin_shuffle(even_high, odd_high, high)};
  for (int i = 0; i < 4; i++) memcpy(to + i * to_stride, &cols[i], sizeof(Four));
}

/// to (cols, rows) = the transpose of from (rows, cols), for one tile.
template <bool fresh, class T>
void transpose_tile(T* to, int64_t to_stride, const T* from, int64_t from_stride, int64_t rows, int64_t cols) {
  T buffer[tile][tile];
  if (rows == tile && cols == tile) {
    for (int64_t r = 0; r < tile; r += 4)
      for (int64_t c = 0; c < tile; c += 4)
        transpose_four(&buffer[c][r], tile, from + r * from_stride + c, from_stride);
  } else {
    for (int64_t r = 0; r < rows; r++)
      for (int64_t c = 0; c < cols; c++) buffer[c][r] = from[r * from_stride + c];
  }
  for (int64_t c = 0; c < cols; c++)
#pragma omp simd
    for (int64_t r = 0; r < rows; r++) put_copy<fresh>(to[c * to_stride + r], buffer[c][r]);
}

template <bool fresh, class T> void transpose(T* to, const T* from, int64_t batch, int64_t rows, int64_t cols) {
#pragma omp parallel for collapse(3) schedule(static) if (batch * rows * cols >= worth_a_team)
  for (int64_t b = 0; b < batch; b++)
    for (int64_t r = 0; r < rows; r += tile)
      for (int64_t c = 0; c < cols; c += tile)
        transpose_tile<fresh>(to + b * rows * cols + c * rows + r, rows, from + b * rows * cols + r * cols + c, cols,
                              least(tile, rows - r), least(tile, cols - c));
}

}  // namespace

void transpose_forward(gatun_stream&, void* y, const void* x, int64_t batch, int64_t rows, int64_t cols,
                       gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    transpose<true>((T*)y, (const T*)x, batch, rows, cols);
  });
}

void transpose_pullback(gatun_stream&, void* dx, const void* dy, int64_t batch, int64_t rows, int64_t cols,
                        int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    by_truth(is_fresh(fresh, 0),
             [&](auto fresh_dx) { transpose<fresh_dx.value>((T*)dx, (const T*)dy, batch, cols, rows); });
  });
}

}  // namespace gatun::GATUN_LEVEL
