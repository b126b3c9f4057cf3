// Tiles: small matrices in scratch memory, on which attention works, and their products.
//
// A product loads each row of its right side as vectors and broadcasts single elements of its left side, which may
// therefore lie either way round; so no tile of scores is ever transposed. Rows are padded to whole vectors and row
// counts to whole register blocks, with zeros, and what a product writes there is never used: only the contraction
// must stop exactly at its end. Tiles hold wide numbers, whatever the type of the arrays that they come from and go to.
#pragma once
#include "body.h"
#include "heads.h"
#include "loops.h"

namespace gatun::GATUN_LEVEL {

/// Queries or keys in a tile. 64 x 64 floats are 16 KiB: the panels that a product walks stay in the first cache, all
/// tiles of a pullback (160 KiB at head size 64) in the second.
constexpr int64_t tile = 64;

// block_rows x 2 vectors of sums stay in registers: 16 of 32 on AVX-512, 12 of 16 on AVX2, 8 of 16 below. All hide the
// latency of a fused multiply-add.
#if defined(__AVX512F__)
constexpr int64_t vector_bytes = 64, block_rows = 8;
#elif defined(__AVX2__)
constexpr int64_t vector_bytes = 32, block_rows = 6;
#else
constexpr int64_t vector_bytes = 16, block_rows = 4;
#endif
/// Of the blocks behind the last whole one.
constexpr int64_t fewer_rows = 4;

template <class W> struct Vector;
template <> struct Vector<float> {
  typedef float Lanes __attribute__((vector_size(vector_bytes), may_alias));
  typedef int32_t Indices __attribute__((vector_size(vector_bytes)));
  static constexpr int64_t lanes = vector_bytes / 4;
};
template <> struct Vector<double> {
  typedef double Lanes __attribute__((vector_size(vector_bytes), may_alias));
  typedef int64_t Indices __attribute__((vector_size(vector_bytes)));
  static constexpr int64_t lanes = vector_bytes / 8;
};

constexpr int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

/// A row of `cols` elements, padded; 16 covers the lanes of every type and the rows of every block.
constexpr int64_t padded(int64_t cols) { return round_up(cols, 16); }

/// Tile number `block` of a sequence: where it starts and how many rows it has.
struct Span {
  int64_t start, count;
};

inline Span span(int64_t block, int64_t context) {
  const int64_t start = block * tile, rest = context - start;
  return {start, rest < tile ? rest : tile};
}

inline int64_t tiles_in(int64_t context) { return (context + tile - 1) / tile; }

/// Element (r, i) of a left side is at[r * row + i * step].
template <class W> struct Left {
  const W* at;
  int64_t row, step;
};

template <class W> inline Left<W> as_stored(const W* at, int64_t stride) { return {at, stride, 1}; }
template <class W> inline Left<W> transposed(const W* at, int64_t stride) { return {at, 1, stride}; }

/// `rows` x `panels` vectors of c = factor * left * right, or with `add` of c + left * right. The two are never
/// combined: whether the compiler fuses that could differ from one call to another, and so would the bits. Inlined, its
/// registers would have to share the processor's with the caller's.
template <int panels, int64_t rows, class W>
__attribute__((noinline)) void multiply_block(Rows<W> c, Left<W> left, Rows<const W> right, int64_t inner, bool add,
                                              W factor) {
  using Lanes = typename Vector<W>::Lanes;
  constexpr int64_t lanes = Vector<W>::lanes;
  Lanes sums[rows][panels] = {};
  for (int64_t i = 0; i < inner; i++) {
    Lanes row[panels];
#pragma GCC unroll 2
    for (int p = 0; p < panels; p++) row[p] = *(const Lanes*)(right.at + i * right.stride + p * lanes);
#pragma GCC unroll 8
    for (int64_t r = 0; r < rows; r++) {
      const W element = left.at[r * left.row + i * left.step];
#pragma GCC unroll 2
      for (int p = 0; p < panels; p++) sums[r][p] += element * row[p];
    }
  }
#pragma GCC unroll 8
  for (int64_t r = 0; r < rows; r++)
#pragma GCC unroll 2
    for (int p = 0; p < panels; p++) {
      Lanes* to = (Lanes*)(c.at + r * c.stride + p * lanes);
      *to = add ? *to + sums[r][p] : factor * sums[r][p];
    }
}

/// What of a product counts on the diagonal, where a query sees no key behind it and its weights of these are zero:
/// all, the scores of row r from column r on or up to it, or the summands from number r on or up to it.
enum class Counts { all, columns_from_row, columns_to_row, inner_from_row, inner_to_row };

inline Counts on_diagonal(bool is_there, Counts counts) { return is_there ? counts : Counts::all; }

/// Rows r to r + rows of columns `from` to `to`, which are two vectors at the most, or none.
template <int64_t rows, class W> inline void multiply_rows(Rows<W> c, Left<W> left, Rows<const W> right, int64_t r,
                                                           int64_t from, int64_t to, int64_t inner, bool add, W factor,
                                                           Counts counts) {
  constexpr int64_t lanes = Vector<W>::lanes;
  if (counts == Counts::columns_from_row && from < r) from += least(r - from, to - from) / lanes * lanes;
  if (counts == Counts::columns_to_row) to = least(to, r + rows);
  if (counts == Counts::inner_to_row) inner = least(inner, r + rows);
  const int64_t first = counts == Counts::inner_from_row ? r : 0;
  const Rows<W> part{c.at + r * c.stride + from, c.stride};
  const Left<W> factors{left.at + r * left.row + first * left.step, left.row, left.step};
  const Rows<const W> columns{right.at + first * right.stride + from, right.stride};
  if (to - from > lanes)
    multiply_block<2, rows>(part, factors, columns, inner - first, add, factor);
  else if (to > from)
    multiply_block<1, rows>(part, factors, columns, inner - first, add, factor);
}

/// c (rows, cols) = factor * left (rows, inner) * right (inner, cols), or with `add` c + left * right. Rounds rows and
/// cols up. Columns that do not count keep what stood there, unless their block has others: it may be no number, and
/// whoever reads them writes over them first.
template <class W> inline void multiply_tiles(Rows<W> c, Left<W> left, Rows<const W> right, int64_t rows, int64_t cols,
                                              int64_t inner, bool add, W factor = 1, Counts counts = Counts::all) {
  constexpr int64_t width = 2 * Vector<W>::lanes;
  for (int64_t col = 0; col < cols; col += width) {
    const int64_t end = least(col + width, cols);
    int64_t r = 0;
    for (; r + block_rows <= rows; r += block_rows)
      multiply_rows<block_rows>(c, left, right, r, col, end, inner, add, factor, counts);
    for (; r < rows; r += fewer_rows)
      multiply_rows<fewer_rows>(c, left, right, r, col, end, inner, add, factor, counts);
  }
}

/// to (padded(count), padded(cols)) = from (count, cols); a copy, since rows of a packed head share few cache sets.
template <class T> inline void load_rows(Wide<T>* to, Rows<const T> from, int64_t count, int64_t cols) {
  const int64_t stride = padded(cols);
  for (int64_t r = 0; r < count; r++) {
    for (int64_t c = 0; c < cols; c++) to[r * stride + c] = widened(from.at[r * from.stride + c]);
    for (int64_t c = cols; c < stride; c++) to[r * stride + c] = 0;
  }
  memset(to + count * stride, 0, sizeof(Wide<T>) * size_t((padded(count) - count) * stride));
}

/// Swaps element (r + distance, c) with (r, c + distance) wherever bit `distance` of r and c is clear, then goes on
/// with half the distance: rows become columns.
template <class W, int64_t distance = Vector<W>::lanes / 2>
inline void transpose_lanes(typename Vector<W>::Lanes* rows) {
  constexpr int64_t lanes = Vector<W>::lanes;
  typename Vector<W>::Indices upper, lower;
  for (int64_t c = 0; c < lanes; c++) {
    upper[c] = c & distance ? lanes + c - distance : c;
    lower[c] = c & distance ? lanes + c : c + distance;
  }
#pragma GCC unroll 16
  for (int64_t r = 0; r < lanes; r++)
    if (!(r & distance)) {
      const auto above = rows[r], below = rows[r + distance];
      rows[r] = __builtin_shuffle(above, below, upper);
      rows[r + distance] = __builtin_shuffle(above, below, lower);
    }
  if constexpr (distance > 1) transpose_lanes<W, distance / 2>(rows);
}

/// to (padded(cols), tile) = from (padded(count), padded(cols)) transposed.
template <class W> inline void transpose_tile(W* to, const W* from, int64_t count, int64_t cols) {
  using Lanes = typename Vector<W>::Lanes;
  constexpr int64_t lanes = Vector<W>::lanes;
  const int64_t stride = padded(cols);
  for (int64_t r = 0; r < count; r += lanes)
    for (int64_t c = 0; c < cols; c += lanes) {
      Lanes rows[lanes];
#pragma GCC unroll 16
      for (int64_t i = 0; i < lanes; i++) rows[i] = *(const Lanes*)(from + (r + i) * stride + c);
      transpose_lanes<W>(rows);
#pragma GCC unroll 16
      for (int64_t i = 0; i < lanes; i++) *(Lanes*)(to + (c + i) * tile + r) = rows[i];
    }
}

/// to (count, cols) = from (count, padded(cols)), or added to it.
template <class T> inline void store_rows(Rows<T> to, const Wide<T>* from, int64_t count, int64_t cols, bool fresh) {
  const int64_t stride = padded(cols);
  for (int64_t r = 0; r < count; r++) {
    T* row = to.at + r * to.stride;
#pragma omp simd
    for (int64_t c = 0; c < cols; c++)
      row[c] = narrowed<T>(from[r * stride + c] + (fresh ? Wide<T>(0) : widened(row[c])));
  }
}

}  // namespace gatun::GATUN_LEVEL
