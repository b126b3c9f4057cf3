// What both ways of sending rows through a layer norm do.
#pragma once
#include "norm_rows.cuh"
#include "pieces.cuh"

namespace gatun::norm_rows {

constexpr int most_warps = 8;

/// A copy in shared memory of what is the same for all rows; zeros where there is nothing.
template <class P, class W> GATUN_DEVICE void keep_row(W* shared, const W* from, int64_t pieces) {
  for (int64_t first = warp_index() * 32; first < pieces; first += threads_in_block()) {
    const auto values = from ? P::read_wide_together(from, first, pieces) : typename P::Values{};
    if (first + lane_index() < pieces) P::keep(shared, pieces, first + lane_index(), values);
  }
}

/// A gradient is overwritten or added into, where it is wanted.
template <class P, class T>
GATUN_DEVICE void put(T* gradient, int64_t at, int64_t p, typename P::Values values, bool fresh) {
  if (!gradient) return;
  if (!fresh) {
    const auto before = P::read(gradient + at, p);
    for (int i = 0; i < P::count; i++) values.at[i] += before.at[i];
  }
  P::write(gradient + at, p, values);
}

/// Adds up, warp by warp, the two rows of sums that each has, `apart` elements from the next one's: a block's partial
/// sum.
template <class P, class W> GATUN_DEVICE void leave_sums(W* partial, const W* sums, int64_t apart, int64_t pieces) {
  const int64_t cols = pieces * P::count;
  for (int64_t first = warp_index() * 32; first < pieces; first += threads_in_block()) {
    const int64_t p = first + lane_index();
    typename P::Values dweight{}, dbias{};
    for (int warp = 0; warp < threads_in_block() / 32 && p < pieces; warp++) {
      const auto w = P::kept(sums + warp * apart, pieces, p), b = P::kept(sums + warp * apart + cols, pieces, p);
      for (int i = 0; i < P::count; i++) {
        dweight.at[i] += w.at[i];
        dbias.at[i] += b.at[i];
      }
    }
    P::write_wide_together(partial, first, pieces, dweight);
    P::write_wide_together(partial + cols, first, pieces, dbias);
  }
}

}  // namespace gatun::norm_rows
