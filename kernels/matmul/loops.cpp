// c = alpha * op(a) op(b) [+ c] in our own loops: 2 * rows * cols * inner FLOPs. They serve fp64, which oneDNN lacks,
// and products too small to be worth its call. Both factors are packed, bf16 as floats, into strips as wide as a tile
// of registers, unless they are small and lie well. Each element's sum is cut along `inner` alone, so its bits do not
// depend on threads, strides or transposes. Trap: compilers keep the tile in registers only if both of its loops are
// unrolled whole.
#include <omp.h>

#include "body.h"
#include "product_loops.h"

namespace gatun::GATUN_LEVEL {
namespace {

// tile_rows * tile_vectors sums, tile_vectors of b and one of a fill the vector registers: 32 of them, or 16.
#if defined(__AVX512F__)
constexpr int vector_bytes = 64, tile_rows = 8, tile_vectors = 3;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32, tile_rows = 4, tile_vectors = 3;
#else
constexpr int vector_bytes = 16, tile_rows = 4, tile_vectors = 2;
#endif

/// A strip of b, block_inner * tile_cols elements, stays in the first-level cache (37 KB with AVX-512); the block of a
/// (288 KiB) and that of b (576 KiB) in the second.
constexpr int64_t block_inner = 192;
template <class T> constexpr int64_t block_rows = 1536 / sizeof(T);
template <class T> constexpr int64_t block_cols = 3072 / sizeof(T);
template <class T> constexpr int64_t tile_cols = vector_bytes / sizeof(T) * tile_vectors;

static_assert((block_rows<char> + block_cols<char> + int64_t(sizeof(double)) * tile_rows) * block_inner <=
              packing_bytes);

/// A vector register; through a pointer, any run of elements.
template <class T> struct VectorOf {
  typedef T type __attribute__((vector_size(vector_bytes), aligned(sizeof(T)), may_alias));
};
template <class T> using Vector = typename VectorOf<T>::type;

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t parts(int64_t n, int64_t size) { return (n + size - 1) / size; }

/// Element (row, col) is at start[row * stride + col], or with the two exchanged.
template <class T> struct Matrix {
  const T* start;
  int64_t stride;
  bool transposed;
  int64_t row_step() const { return transposed ? 1 : stride; }
  int64_t col_step() const { return transposed ? stride : 1; }
  const T* at(int64_t row, int64_t col) const { return start + row * row_step() + col * col_step(); }
};

template <class T> void copy_run(T* out, const T* in, int64_t n) { memcpy(out, in, size_t(n) * sizeof(T)); }

inline void copy_run(float* out, const bf16* in, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) out[i] = widened(in[i]);
}

/// Copies `wide` rows of `m` from `row` on and `deep` of its columns from `col` on: out[column][row], rows padded with
/// zeros to `strip`.
template <class T, int64_t strip>
void pack_strip(Wide<T>* out, Matrix<T> m, int64_t row, int64_t wide, int64_t col, int64_t deep) {
  if (wide < strip) memset(out, 0, size_t(strip * deep) * sizeof(Wide<T>));
  if (m.transposed) {
    for (int64_t k = 0; k < deep; k++) copy_run(out + k * strip, m.start + (col + k) * m.stride + row, wide);
  } else if (wide == strip) {
    for (int64_t k = 0; k < deep; k++)
      for (int64_t i = 0; i < strip; i++) out[k * strip + i] = widened(m.start[(row + i) * m.stride + col + k]);
  } else {
    for (int64_t i = 0; i < wide; i++)
      for (int64_t k = 0; k < deep; k++) out[k * strip + i] = widened(m.start[(row + i) * m.stride + col + k]);
  }
}

template <class T, int64_t strip>
void pack(Wide<T>* out, Matrix<T> m, int64_t row, int64_t wide, int64_t col, int64_t deep) {
  for (int64_t i = 0; i < wide; i += strip)
    pack_strip<T, strip>(out + i * deep, m, row + i, least(strip, wide - i), col, deep);
}

/// Where a tile of registers finds its factors: element (i, k) of a, and row k of b.
template <class T> struct Factors {
  const T* a;
  int64_t a_row, a_step;
  const T* b;
  int64_t b_step;
};

/// One tile: c (+)= alpha * a b, of which the first `rows` and `cols` exist; cols fill the vectors but for the last.
template <int vectors, class T> void multiply_tile(T* c, int64_t ldc, const Factors<T>& from, int64_t rows,
                                                   int64_t cols, int64_t inner, T alpha, bool accumulate) {
  constexpr int64_t lanes = vector_bytes / sizeof(T), width = vectors * lanes;
  const T* a[tile_rows];  // behind the last row, that once more
  for (int i = 0; i < tile_rows; i++) a[i] = from.a + least(i, rows - 1) * from.a_row;
  Vector<T> sums[tile_rows][vectors] = {};
  for (int64_t k = 0; k < inner; k++) {
    const Vector<T>* const b = (const Vector<T>*)(from.b + k * from.b_step);
#pragma GCC unroll 8
    for (int i = 0; i < tile_rows; i++)
#pragma GCC unroll 3
      for (int j = 0; j < vectors; j++) sums[i][j] += a[i][k * from.a_step] * b[j];
  }
  if (cols == width) {
#pragma GCC unroll 8
    for (int i = 0; i < tile_rows; i++) {
      if (i == rows) return;
#pragma GCC unroll 3
      for (int j = 0; j < vectors; j++) {
        auto& place = *(Vector<T>*)(c + i * ldc + j * lanes);
        place = accumulate ? alpha * sums[i][j] + place : alpha * sums[i][j];
      }
    }
    return;
  }
  T edge[tile_rows][width];
  memcpy(edge, sums, sizeof edge);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < cols; j++) c[i * ldc + j] = alpha * edge[i][j] + (accumulate ? c[i * ldc + j] : T(0));
}

/// The same, in the fewest vectors that hold the columns.
template <int vectors = tile_vectors, class T> void multiply_fitting_tile(T* c, int64_t ldc, const Factors<T>& from,
                                                                          int64_t rows, int64_t cols, int64_t inner,
                                                                          T alpha, bool accumulate) {
  constexpr int64_t lanes = vector_bytes / sizeof(T);
  if constexpr (vectors > 1)
    if (cols <= (vectors - 1) * lanes)
      return multiply_fitting_tile<vectors - 1>(c, ldc, from, rows, cols, inner, alpha, accumulate);
  multiply_tile<vectors>(c, ldc, from, rows, cols, inner, alpha, accumulate);
}

/// The block of c at (row, col), whole sums. A small one meets its factors too seldom to pack them, unless their
/// elements or rows do not lie as vectors.
template <class T>
void multiply_block(const Product& p, Wide<T>* room, int64_t row, int64_t rows, int64_t col, int64_t cols) {
  using W = Wide<T>;
  constexpr int64_t width = tile_cols<W>, lanes = vector_bytes / sizeof(W);
  const Matrix<T> a{(const T*)p.a, p.lda, p.transpose_a}, b{(const T*)p.b, p.ldb, !p.transpose_b};
  const bool small = holds_wide<T> && p.rows * p.cols * p.inner < small_product,
             in_vectors = small && !p.transpose_b && cols % lanes == 0;
  W *const left = room, *const right = room + (block_rows<W> + tile_rows) * block_inner;
  const int64_t step = parts(p.inner, parts(p.inner, block_inner));
  for (int64_t k = 0; k < p.inner; k += step) {
    const int64_t deep = least(step, p.inner - k);
    if (!small) pack<T, tile_rows>(left, a, row, rows, k, deep);
    if (!in_vectors) pack<T, width>(right, b, col, cols, k, deep);
    for (int64_t j = 0; j < cols; j += width)
      for (int64_t i = 0; i < rows; i += tile_rows) {
        Factors<W> from{left + i * deep, 1, tile_rows, right + j * deep, width};
        if constexpr (holds_wide<T>) {
          if (small) from.a = a.at(row + i, k), from.a_row = a.row_step(), from.a_step = a.col_step();
          if (in_vectors) from.b = b.at(col + j, k), from.b_step = b.col_step();
        }
        multiply_fitting_tile((W*)p.c + (row + i) * p.ldc + col + j, p.ldc, from, least(tile_rows, rows - i),
                              least(width, cols - j), deep, W(p.alpha), p.accumulate || k > 0);
      }
  }
}

template <class T> void multiply_blocks(const Product& p, char* room, int threads) {
  using W = Wide<T>;
  const int64_t row_parts = parts(p.rows, block_rows<W>);
  int64_t col_parts = parts(p.cols, block_cols<W>);
  // Few blocks are cut further until every thread has as many.
  while (row_parts * col_parts % threads && row_parts * col_parts < 8 * threads) col_parts++;
  const int64_t height = parts(parts(p.rows, row_parts), tile_rows) * tile_rows;
  const int64_t width = parts(parts(p.cols, col_parts), tile_cols<W>) * tile_cols<W>;
#pragma omp parallel for collapse(2) schedule(static) num_threads(threads)
  for (int64_t row = 0; row < p.rows; row += height)
    for (int64_t col = 0; col < p.cols; col += width)
      multiply_block<T>(p, (W*)(room + omp_get_thread_num() * packing_bytes), row, least(height, p.rows - row), col,
                        least(width, p.cols - col));
}

/// Sums in double: a product of few rows and columns may be deep. C is what c is of.
template <class T, class C> void multiply_rows(const Product& p) {
  constexpr int64_t width = 64;
  const int64_t a_row = p.transpose_a ? 1 : p.lda, a_inner = p.transpose_a ? p.lda : 1;
  const int64_t b_inner = p.transpose_b ? 1 : p.ldb, b_col = p.transpose_b ? p.ldb : 1;
  for (int64_t r = 0; r < p.rows; r++)
    for (int64_t col = 0; col < p.cols; col += width) {
      const int64_t cols = least(width, p.cols - col);
      const T *a = (const T*)p.a + r * a_row, *b = (const T*)p.b + col * b_col;
      C* const c = (C*)p.c + r * p.ldc + col;
      double sums[width] = {};
      for (int64_t k = 0; k < p.inner; k++) {
        const double factor = widened(a[k * a_inner]);
#pragma omp simd
        for (int64_t j = 0; j < cols; j++) sums[j] += factor * double(widened(b[k * b_inner + j * b_col]));
      }
      for (int64_t j = 0; j < cols; j++)
        c[j] = narrowed<C>(Wide<C>(p.alpha * sums[j] + (p.accumulate ? double(widened(c[j])) : 0.0)));
    }
}

}  // namespace

void multiply_plainly(const Product& p) {
  by_type(p.dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    p.wide ? multiply_rows<T, Wide<T>>(p) : multiply_rows<T, T>(p);
  });
}

void multiply_in_blocks(const Product& p, char* room, int threads) {
  by_type(p.dtype, [&](auto* t) { multiply_blocks<GATUN_ELEMENT(t)>(p, room, threads); });
}

void widen(StoredRows<float> to, StoredRows<const uint16_t> from, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++)
    copy_run(to.start + r * to.stride, (const bf16*)from.start + r * from.stride, cols);
}

void narrow(StoredRows<uint16_t> to, StoredRows<const float> from, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++) {
    bf16* const out = (bf16*)to.start + r * to.stride;
    const float* const in = from.start + r * from.stride;
#pragma omp simd
    for (int64_t c = 0; c < cols; c++) out[c] = narrowed<bf16>(in[c]);
  }
}

}  // namespace gatun::GATUN_LEVEL
