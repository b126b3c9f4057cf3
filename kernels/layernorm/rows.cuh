// Rows through a layer norm on a device, one warp a row, for the plain norm and for the one that adds a residual first.
// Bound by memory: each row is read once and lies in shared memory, as Wide, while mean, variance and result are made
// of it; weight and bias are read once a block. Blocks stay and walk the rows in strides of the grid. A row that is too
// long for shared memory is read again for each pass, from the second-level cache.
// Trap: the sum of squares minus the squared mean cancels for rows far from zero, hence passes over the cached row.
#pragma once
#include "device.cuh"

namespace gatun::norm_rows {

constexpr int threads = 256, warps = threads / 32;
/// What every target grants a block, with two blocks a multiprocessor on the smallest.
constexpr int64_t most_shared_bytes = 48 << 10;

/// Where a kernel's parts of shared memory begin, in elements of Wide.
struct Layout {
  int64_t row;         // of each warp; 0 where rows are read again
  int64_t warps_used;  // fewer than all where rows are long

  int64_t bytes(int64_t vectors, int64_t cols, int64_t wide_bytes) const {
    return (vectors * cols + warps_used * row) * wide_bytes;
  }
};

/// `vectors` weights of a block and `rows` rows a warp, as many warps as fit.
inline Layout layout_for(int64_t vectors, int64_t rows, int64_t cols, int64_t wide_bytes) {
  const int64_t room = most_shared_bytes / wide_bytes - vectors * cols;
  const int64_t fitting = rows * cols > 0 ? room / (rows * cols) : warps;
  if (fitting >= 1) return {rows * cols, fitting < warps ? fitting : warps};
  return {0, warps};
}

/// In shared memory where the row is kept there, else read again.
template <class T, bool kept> GATUN_DEVICE Wide<T> element(const T* from, const Wide<T>* row, int64_t c) {
  if constexpr (kept)
    return shared_load(row + c);
  else
    return widened(load(from + c));
}

template <class T> struct Forward {
  T *sum, *y;
  Wide<T>*mean, *rstd;
  const T *x, *residual;
  const Wide<T>*weight, *bias;
  int64_t rows, cols;
  Wide<T> eps;
  Layout layout;
};

/// sum = x + residual where there is one; the row is left in shared memory. Piece is Vector or One.
template <class T, template <class> class Piece, bool kept>
GATUN_DEVICE Wide<T> take_row(const Forward<T>& a, int64_t r, Wide<T>* row) {
  Wide<T> total = 0;
  constexpr int count = Piece<T>::count;
  for (int64_t c = lane_index() * count; c < a.cols; c += 32 * count) {
    const int64_t at = r * a.cols + c;
    auto piece = load_once(reinterpret_cast<const Piece<T>*>(a.x + at));
    if (a.residual) {
      const auto other = load_once(reinterpret_cast<const Piece<T>*>(a.residual + at));
      for (int i = 0; i < count; i++) piece.at[i] = narrowed<T>(widened(piece.at[i]) + widened(other.at[i]));
      store(reinterpret_cast<Piece<T>*>(a.sum + at), piece);
    }
    for (int i = 0; i < count; i++) {
      const Wide<T> value = widened(piece.at[i]);
      if constexpr (kept) shared_store(row + c + i, value);
      total += value;
    }
  }
  return warp_sum(total);
}

template <class T, template <class> class Piece, bool kept> GATUN_KERNEL(threads, 2)
layernorm_forward_warp_per_row(Forward<T> a) {
  using W = Wide<T>;
  W* const weight = reinterpret_cast<W*>(shared_memory());
  W* const bias = weight + a.cols;
  W* const row = bias + a.cols + warp_index() * a.layout.row;
  if constexpr (kept)
    for (int64_t c = thread_index(); c < a.cols; c += threads) {
      shared_store(weight + c, load(a.weight + c));
      shared_store(bias + c, a.bias ? load(a.bias + c) : W(0));
    }
  block_barrier();
  if (warp_index() >= a.layout.warps_used) return;
  for (int64_t r = block_x() * a.layout.warps_used + warp_index(); r < a.rows; r += blocks_x() * a.layout.warps_used) {
    const W mean = take_row<T, Piece, kept>(a, r, row) / W(a.cols);
    const T* const from = (a.residual ? a.sum : a.x) + r * a.cols;
    warp_barrier();
    W squares = 0;
    for (int64_t c = lane_index(); c < a.cols; c += 32) {
      const W distance = element<T, kept>(from, row, c) - mean;
      squares += distance * distance;
    }
    const W rstd = W(1) / sqrt(warp_sum(squares) / W(a.cols) + a.eps);
    constexpr int count = Piece<T>::count;
    for (int64_t c = lane_index() * count; c < a.cols; c += 32 * count) {
      Piece<T> piece;
      for (int i = 0; i < count; i++) {
        const W w = kept ? shared_load(weight + c + i) : load(a.weight + c + i);
        const W b = kept ? shared_load(bias + c + i) : a.bias ? load(a.bias + c + i) : W(0);
        piece.at[i] = narrowed<T>((element<T, kept>(from, row, c + i) - mean) * rstd * w + b);
      }
      store(reinterpret_cast<Piece<T>*>(a.y + r * a.cols + c), piece);
    }
    if (lane_index() == 0) {
      store(a.mean + r, mean);
      store(a.rstd + r, rstd);
    }
    warp_barrier();
  }
}

template <class T> void forward(gatun_stream& stream, Forward<T> a) {
  if (a.rows == 0) return;
  a.layout = layout_for(2, 1, a.cols, sizeof(Wide<T>));
  const bool vectors = a.cols % Vector<T>::count == 0 && aligned(a.sum, a.y, a.x, a.residual);
  const auto grid = grid_for(stream, a.rows, a.layout.warps_used, 4);
  by_truth(vectors, [&](auto v) {
    by_truth(a.layout.row > 0, [&](auto kept) {
      constexpr bool in_vectors = decltype(v)::value, is_kept = decltype(kept)::value;
      const int64_t bytes = is_kept ? a.layout.bytes(2, a.cols, sizeof(Wide<T>)) : 0;
      if constexpr (in_vectors)
        GATUN_LAUNCH(stream, (layernorm_forward_warp_per_row<T, Vector, is_kept>), grid, threads, bytes, a);
      else
        GATUN_LAUNCH(stream, (layernorm_forward_warp_per_row<T, One, is_kept>), grid, threads, bytes, a);
    });
  });
}

}  // namespace gatun::norm_rows
