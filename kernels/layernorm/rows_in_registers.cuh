// Rows of up to `most` pieces of 16 bytes a lane through a layer norm, a warp a row: a row is read once, all of it
// under way together, and stays in registers as it was read until its result is made. Shared memory holds what rows
// share: weight and bias, and in the pullback two sums a column for each warp.
#pragma once
#include "rows_in_common.cuh"

namespace gatun::norm_rows {

/// Blocks a multiprocessor whose registers hold a row a warp; where a residual is added, two.
template <int most, bool adds> constexpr int forward_blocks = (most > 4 ? 2 : 3) - adds;
template <int most> constexpr int pullback_blocks = most > 4 ? 1 : 2;

/// Calls visit(u, p) for the pieces of a row that are the lane's.
template <int most, class Visit> GATUN_DEVICE void over_own(int64_t pieces, Visit visit) {
  GATUN_UNROLL
  for (int u = 0; u < most; u++)
    if (const int64_t p = lane_index() + 32 * u; p < pieces) visit(u, p);
}

template <class T, int most, bool adds> GATUN_KERNEL(32 * most_warps, (forward_blocks<most, adds>))
layernorm_forward_in_registers(Forward<T> a) {
  using P = Pieces<T, Vector>;
  using W = Wide<T>;
  const int64_t pieces = a.cols / P::count, warps = threads_in_block() / 32;
  W* const weight = reinterpret_cast<W*>(shared_memory());
  W* const bias = weight + a.cols;
  keep_row<P>(weight, a.weight, pieces);
  keep_row<P>(bias, a.bias, pieces);
  block_barrier();
  for (int64_t r = block_x() * warps + warp_index(); r < a.rows; r += blocks_x() * warps) {
    const int64_t at = r * a.cols;
    typename P::Stored row[most], other[adds ? most : 1];
    over_own<most>(pieces, [&](int u, int64_t p) {
      row[u] = P::fetch(a.x + at, p);
      if constexpr (adds) other[u] = P::fetch(a.residual + at, p);
    });
    W total = 0;
    over_own<most>(pieces, [&](int u, int64_t p) {
      auto values = P::values_of(row[u]);
      if constexpr (adds) {
        const auto added = P::values_of(other[u]);
        for (int i = 0; i < P::count; i++) values.at[i] += added.at[i];
        row[u] = P::stored(values);
        values = P::values_of(row[u]);
        P::write(a.sum + at, p, values);
      }
      for (int i = 0; i < P::count; i++) total += values.at[i];
    });
    const W mean = warp_sum(total) / W(a.cols);
    W squares = 0;
    over_own<most>(pieces, [&](int u, int64_t) {
      const auto values = P::values_of(row[u]);
      for (int i = 0; i < P::count; i++) squares += (values.at[i] - mean) * (values.at[i] - mean);
    });
    const W rstd = W(1) / sqrt(warp_sum(squares) / W(a.cols) + a.eps);
    over_own<most>(pieces, [&](int u, int64_t p) {
      auto values = P::values_of(row[u]);
      const auto w = P::kept(weight, pieces, p), b = P::kept(bias, pieces, p);
      for (int i = 0; i < P::count; i++) values.at[i] = (values.at[i] - mean) * rstd * w.at[i] + b.at[i];
      P::write(a.y + at, p, values);
    });
    if (lane_index() == 0) {
      store(a.mean + r, mean);
      store(a.rstd + r, rstd);
    }
  }
}

/// dx as in layernorm_pullback_warp_per_row.
template <class T, int most> GATUN_KERNEL(32 * most_warps, pullback_blocks<most>)
layernorm_pullback_in_registers(Pullback<T> a) {
  using P = Pieces<T, Vector>;
  using W = Wide<T>;
  const int64_t pieces = a.cols / P::count, warps = threads_in_block() / 32;
  W* const weight = reinterpret_cast<W*>(shared_memory());
  W* const sums = weight + a.cols;
  W *const dweight = sums + warp_index() * 2 * a.cols, *const dbias = dweight + a.cols;
  keep_row<P>(weight, a.weight, pieces);
  over_own<most>(pieces, [&](int, int64_t p) {
    P::keep(dweight, pieces, p, {});
    P::keep(dbias, pieces, p, {});
  });
  block_barrier();
  for (int64_t r = block_x() * warps + warp_index(); r < a.rows; r += blocks_x() * warps) {
    const int64_t at = r * a.cols;
    typename P::Stored x[most], dy[most], along[most] = {};
    over_own<most>(pieces, [&](int u, int64_t p) {
      x[u] = P::fetch(a.x + at, p);
      dy[u] = P::fetch(a.dy + at, p);
      if (a.dsum) along[u] = P::fetch(a.dsum + at, p);
    });
    const W mean = load(a.mean + r), rstd = load(a.rstd + r);
    W sum = 0, projection = 0;
    over_own<most>(pieces, [&](int u, int64_t p) {
      const auto values = P::values_of(x[u]), gradient = P::values_of(dy[u]), w = P::kept(weight, pieces, p);
      auto dw = P::kept(dweight, pieces, p), db = P::kept(dbias, pieces, p);
      for (int i = 0; i < P::count; i++) {
        const W n = (values.at[i] - mean) * rstd, g = gradient.at[i] * w.at[i];
        sum += g;
        projection += g * n;
        dw.at[i] += gradient.at[i] * n;
        db.at[i] += gradient.at[i];
      }
      P::keep(dweight, pieces, p, dw);
      P::keep(dbias, pieces, p, db);
    });
    sum = warp_sum(sum) / W(a.cols);
    projection = warp_sum(projection) / W(a.cols);
    over_own<most>(pieces, [&](int u, int64_t p) {
      const auto values = P::values_of(x[u]), gradient = P::values_of(dy[u]), w = P::kept(weight, pieces, p);
      auto result = P::values_of(along[u]);
      for (int i = 0; i < P::count; i++) {
        const W n = (values.at[i] - mean) * rstd, g = gradient.at[i] * w.at[i];
        result.at[i] += rstd * (g - sum - n * projection);
      }
      put<P>(a.dx, at, p, result, a.fresh_x);
      put<P>(a.dresidual, at, p, result, a.fresh_residual);
    });
  }
  block_barrier();
  leave_sums<P>(a.partials + block_x() * 2 * a.cols, sums, 2 * a.cols, pieces);
}

}  // namespace gatun::norm_rows
