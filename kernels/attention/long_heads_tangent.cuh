// The tangents of attention and of its pullback, of heads that are longer than any tile, by the means of rows.cuh. A
// tangent that is not given is zero.
#pragma once
#include "rows.cuh"

namespace gatun::attention {

template <class T> GATUN_DEVICE void keep_row_or_zeros(Wide<T>* kept, const T* array, int64_t at, int64_t cols) {
  for (int64_t c = lane_index(); c < cols; c += 32) shared_store(kept + c, array ? widened(load(array + at + c)) : 0);
}

template <class T> GATUN_DEVICE Wide<T> dot_or_zero(const Wide<T>* kept, const T* array, int64_t at, int64_t cols) {
  return array ? dot<T>(kept, array + at, cols) : Wide<T>(0);
}

/// The product of two rows, of which one is kept with its tangent behind it, and the tangent of that product.
template <class W> struct Dual { W product, tangent; };

template <class T>
GATUN_DEVICE Dual<Wide<T>> dual_dot(const Wide<T>* kept, const T* array, const T* tangent, int64_t at, int64_t cols) {
  return {dot<T>(kept, array + at, cols),
          dot<T>(kept + cols, array + at, cols) + dot_or_zero<T>(kept, tangent, at, cols)};
}

template <class T> struct RowsTangent {
  T* ty;
  Wide<T>* tlse;
  const T *tqkv, *qkv, *y;
  const Wide<T>* lse;
  Heads heads;
  Wide<T> scale;
};

template <class T> GATUN_KERNEL(row_threads, 4) attention_tangent_warp_per_query(RowsTangent<T> a) {
  using W = Wide<T>;
  const Heads& h = a.heads;
  const int64_t cols = h.head_size;
  W* const query = own_rows<W>(2, cols);
  for (int64_t r = block_x() * row_warps + warp_index(); r < h.rows(); r += blocks_x() * row_warps) {
    const int64_t pair = r / h.context, t = r % h.context;
    keep_row<T>(query, a.qkv + packed(h, pair, query_part, t), cols);
    keep_row<T>(query + cols, a.tqkv + packed(h, pair, query_part, t), cols);
    warp_barrier();
    const W lse = load(a.lse + r);
    const auto seen = keys_of(h, pair / h.heads, t);
    for (int64_t from = 0; from < cols; from += columns_a_pass) {
      LaneSums<W> sums;
      sums.clear();
      W tlse = 0;
      for (int64_t start = seen.first; start < seen.last; start += 32) {
        const int64_t rest = seen.last - start, key = start + lane_index();
        const int here = rest < 32 ? int(rest) : 32;
        W weight = 0, tscore = 0;
        if (lane_index() < here) {
          const auto score = dual_dot<T>(query, a.qkv, a.tqkv, packed(h, pair, key_part, key), cols);
          weight = exp(a.scale * score.product - lse);
          tscore = weight * (a.scale * score.tangent);
        }
        tlse += warp_sum(tscore);
        const auto value = [&](int j) { return packed(h, pair, value_part, start + j); };
        sums.add(tscore, here, from, cols, [&](int j) { return a.qkv + value(j); });
        sums.add(weight, here, from, cols, [&](int j) { return a.tqkv + value(j); });
      }
      const int64_t to = output(h, pair, t);
      for (int i = 0; i < columns_a_lane; i++) {
        const int64_t c = from + 32 * i + lane_index();
        if (c < cols) sums.at[i] -= tlse * widened(load(a.y + to + c));
      }
      sums.put(a.ty + to, from, cols, W(1), true);
      if (from == 0 && lane_index() == 0) store(a.tlse + r, tlse);
    }
    warp_barrier();
  }
}

template <class T> struct RowsPullbackTangent {
  T* tdqkv;
  const T *dy, *tdy, *qkv, *tqkv;
  const Wide<T>*lse, *tlse, *delta, *tdelta;
  Heads heads;
  Wide<T> scale;
  bool fresh;
};

/// What a query and a key make of each other.
template <class W> struct DualScore {
  W weight = 0, tweight = 0, dscore = 0, tdscore = 0;

  template <class T>
  GATUN_DEVICE void differentiate(const RowsPullbackTangent<T>& a, int64_t query, Dual<W> score, Dual<W> dweight) {
    weight = exp(a.scale * score.product - load(a.lse + query));
    tweight = weight * (a.scale * score.tangent - (a.tlse ? load(a.tlse + query) : W(0)));
    const W beyond = dweight.product - load(a.delta + query);
    dscore = weight * beyond;
    tdscore = tweight * beyond + weight * (dweight.tangent - load(a.tdelta + query));
  }
};

template <class T> GATUN_KERNEL(row_threads, 4) attention_pullback_tangent_warp_per_query(RowsPullbackTangent<T> a) {
  using W = Wide<T>;
  const Heads& h = a.heads;
  const int64_t cols = h.head_size;
  W *const query = own_rows<W>(4, cols), *const dy = query + 2 * cols;
  for (int64_t r = block_x() * row_warps + warp_index(); r < h.rows(); r += blocks_x() * row_warps) {
    const int64_t pair = r / h.context, t = r % h.context;
    keep_row<T>(query, a.qkv + packed(h, pair, query_part, t), cols);
    keep_row_or_zeros<T>(query + cols, a.tqkv, packed(h, pair, query_part, t), cols);
    keep_row<T>(dy, a.dy + output(h, pair, t), cols);
    keep_row_or_zeros<T>(dy + cols, a.tdy, output(h, pair, t), cols);
    warp_barrier();
    const auto seen = keys_of(h, pair / h.heads, t);
    for (int64_t from = 0; from < cols; from += columns_a_pass) {
      LaneSums<W> sums;
      sums.clear();
      for (int64_t start = seen.first; start < seen.last; start += 32) {
        const int64_t rest = seen.last - start, key = start + lane_index();
        const int here = rest < 32 ? int(rest) : 32;
        DualScore<W> made;
        if (lane_index() < here)
          made.differentiate(a, r, dual_dot<T>(query, a.qkv, a.tqkv, packed(h, pair, key_part, key), cols),
                             dual_dot<T>(dy, a.qkv, a.tqkv, packed(h, pair, value_part, key), cols));
        const auto at = [&](int j) { return packed(h, pair, key_part, start + j); };
        sums.add(made.tdscore, here, from, cols, [&](int j) { return a.qkv + at(j); });
        if (a.tqkv) sums.add(made.dscore, here, from, cols, [&](int j) { return a.tqkv + at(j); });
      }
      sums.put(a.tdqkv + packed(h, pair, query_part, t), from, cols, a.scale, a.fresh);
    }
    warp_barrier();
  }
}

template <class T> GATUN_KERNEL(row_threads, 4) attention_pullback_tangent_warp_per_key(RowsPullbackTangent<T> a) {
  using W = Wide<T>;
  const Heads& h = a.heads;
  const int64_t cols = h.head_size;
  W *const key = own_rows<W>(4, cols), *const value = key + 2 * cols;
  for (int64_t r = block_x() * row_warps + warp_index(); r < h.rows(); r += blocks_x() * row_warps) {
    const int64_t pair = r / h.context, position = r % h.context;
    keep_row<T>(key, a.qkv + packed(h, pair, key_part, position), cols);
    keep_row_or_zeros<T>(key + cols, a.tqkv, packed(h, pair, key_part, position), cols);
    keep_row<T>(value, a.qkv + packed(h, pair, value_part, position), cols);
    keep_row_or_zeros<T>(value + cols, a.tqkv, packed(h, pair, value_part, position), cols);
    warp_barrier();
    const auto seen = queries_of(h, pair / h.heads, position);
    for (int64_t from = 0; from < cols; from += columns_a_pass) {
      LaneSums<W> tdkey, tdvalue;
      tdkey.clear();
      tdvalue.clear();
      for (int64_t start = seen.first; start < seen.last; start += 32) {
        const int64_t rest = seen.last - start, t = start + lane_index();
        const int here = rest < 32 ? int(rest) : 32;
        DualScore<W> made;
        if (lane_index() < here)
          made.differentiate(a, pair * h.context + t,
                             dual_dot<T>(key, a.qkv, a.tqkv, packed(h, pair, query_part, t), cols),
                             dual_dot<T>(value, a.dy, a.tdy, output(h, pair, t), cols));
        const auto query = [&](int j) { return packed(h, pair, query_part, start + j); };
        const auto row = [&](int j) { return output(h, pair, start + j); };
        tdkey.add(made.tdscore, here, from, cols, [&](int j) { return a.qkv + query(j); });
        if (a.tqkv) tdkey.add(made.dscore, here, from, cols, [&](int j) { return a.tqkv + query(j); });
        tdvalue.add(made.tweight, here, from, cols, [&](int j) { return a.dy + row(j); });
        if (a.tdy) tdvalue.add(made.weight, here, from, cols, [&](int j) { return a.tdy + row(j); });
      }
      tdkey.put(a.tdqkv + packed(h, pair, key_part, position), from, cols, a.scale, a.fresh);
      tdvalue.put(a.tdqkv + packed(h, pair, value_part, position), from, cols, W(1), a.fresh);
    }
    warp_barrier();
  }
}

template <class T> void tangent_by_rows(gatun_stream& stream, const RowsTangent<T>& a) {
  GATUN_LAUNCH(stream, attention_tangent_warp_per_query<T>, grid_for(stream, a.heads.rows(), row_warps), row_threads,
               row_warps * 2 * a.heads.head_size * static_cast<int64_t>(sizeof(Wide<T>)), a);
}

template <class T> void pullback_tangent_by_rows(gatun_stream& stream, const RowsPullbackTangent<T>& a) {
  const auto grid = grid_for(stream, a.heads.rows(), row_warps);
  const int64_t bytes = row_warps * 4 * a.heads.head_size * static_cast<int64_t>(sizeof(Wide<T>));
  GATUN_LAUNCH(stream, attention_pullback_tangent_warp_per_query<T>, grid, row_threads, bytes, a);
  GATUN_LAUNCH(stream, attention_pullback_tangent_warp_per_key<T>, grid, row_threads, bytes, a);
}

}  // namespace gatun::attention
