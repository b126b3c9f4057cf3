// Rows of logits x and their tangents t on a device, one block a row: what the tangents of the cross-entropy and of the
// head share. The log-sum-exp is known, so that one pass finds the mean of t under the softmax.
#pragma once
#include "pieces.cuh"

namespace gatun::softmax_tangents {

constexpr int threads = 512;
constexpr int64_t reduction_bytes = threads / 32 * sizeof(double);

/// Of a row: the sum of e^(x - lse), which is 1 but for rounding, and the mean of t under the softmax.
template <class W> struct Weighted { W sum, mean; };

/// visit(c, values of the rows at column c) for the first n columns, a piece at a time and what is left one by one; a
/// row that is null has zeros.
template <class T, template <class> class Piece, class Visit, int rows>
GATUN_DEVICE void over_columns(const T* const (&from)[rows], int64_t n, Visit visit) {
  using P = Pieces<T, Piece>;
  over_pieces_of<P, 2>(from, thread_index(), n / P::count, threads, [&](int64_t p, const auto& values) {
    GATUN_UNROLL
    for (int i = 0; i < P::count; i++) {
      Wide<T> column[rows];
      for (int r = 0; r < rows; r++) column[r] = values[r].at[i];
      visit(p * P::count + i, column);
    }
  });
  for (int64_t c = n / P::count * P::count + thread_index(); c < n; c += threads) {
    Wide<T> column[rows];
    for (int r = 0; r < rows; r++) column[r] = from[r] ? widened(load(from[r] + c)) : Wide<T>(0);
    visit(c, column);
  }
}

/// out[c] = value(c, values of the rows at c), or that added.
template <class T, template <class> class Piece, class Value, int rows>
GATUN_DEVICE void write_columns(T* out, const T* const (&from)[rows], int64_t n, bool fresh, Value value) {
  using P = Pieces<T, Piece>;
  for (int64_t p = thread_index(); p < n / P::count; p += threads) {
    typename P::Values values[rows] = {}, result = {};
    for (int r = 0; r < rows; r++)
      if (from[r]) values[r] = P::read(from[r], p);
    if (!fresh) result = P::read(out, p);
    GATUN_UNROLL
    for (int i = 0; i < P::count; i++) {
      Wide<T> column[rows];
      for (int r = 0; r < rows; r++) column[r] = values[r].at[i];
      result.at[i] += value(p * P::count + i, column);
    }
    P::write(out, p, result);
  }
  for (int64_t c = n / P::count * P::count + thread_index(); c < n; c += threads) {
    Wide<T> column[rows];
    for (int r = 0; r < rows; r++) column[r] = from[r] ? widened(load(from[r] + c)) : Wide<T>(0);
    store(out + c, narrowed<T>((fresh ? Wide<T>(0) : widened(load(out + c))) + value(c, column)));
  }
}

template <class T> GATUN_DEVICE void write_zeros(T* out, int64_t from, int64_t to) {
  for (int64_t c = from + thread_index(); c < to; c += threads) store(out + c, narrowed<T>(Wide<T>(0)));
}

template <class T, template <class> class Piece>
GATUN_DEVICE Weighted<Wide<T>> weighted(const T* x, const T* t, int64_t n, Wide<T> lse) {
  using W = Wide<T>;
  const T* const rows[] = {x, t};
  W sum = 0, moment = 0;
  over_columns<T, Piece>(rows, n, [&](int64_t, const W* column) {
    const W weight = exp(column[0] - lse);
    sum += weight;
    moment += weight * column[1];
  });
  W* const scratch = reinterpret_cast<W*>(shared_memory());
  sum = block_sum(sum, scratch);
  moment = block_sum(moment, scratch);
  return {sum, moment / sum};
}

/// Targets at or above `vocab` are reported by the door's check; here they leave their row out.
GATUN_DEVICE int32_t target_of(const int32_t* targets, int64_t r, int64_t vocab) {
  const int32_t target = load(targets + r);
  return target < vocab ? target : -1;
}

}  // namespace gatun::softmax_tangents
