// Attention of heads that are longer than any tile or than a warp's vectors, by the kernels of rows.cuh.
#pragma once
#include "rows.cuh"

namespace gatun::attention {

template <class T> struct RowsForward {
  T* y;
  Wide<T>* lse;
  const T* qkv;
  Heads heads;
  Wide<T> scale;
};

template <class T> GATUN_KERNEL(row_threads, 4) attention_forward_warp_per_query(RowsForward<T> a) {
  using W = Wide<T>;
  const Heads& h = a.heads;
  W* const query = own_rows<W>(1, h.head_size);
  for (int64_t r = block_x() * row_warps + warp_index(); r < h.rows(); r += blocks_x() * row_warps) {
    const int64_t pair = r / h.context, t = r % h.context;
    keep_row<T>(query, a.qkv + packed(h, pair, query_part, t), h.head_size);
    warp_barrier();
    const auto seen = keys_of(h, pair / h.heads, t);
    const auto known = attend<T>(
        a.y + output(h, pair, t), query, seen.last - seen.first, h.head_size, a.scale,
        [&](int64_t key) { return a.qkv + packed(h, pair, key_part, seen.first + key); },
        [&](int64_t key) { return a.qkv + packed(h, pair, value_part, seen.first + key); });
    if (lane_index() == 0) store(a.lse + r, known.max + log(known.sum));
    warp_barrier();
  }
}

template <class T> struct RowsPullback {
  T* dqkv;
  const T *dy, *qkv;
  const Wide<T>*lse, *delta;
  Heads heads;
  Wide<T> scale;
  bool fresh;
};

template <class T> GATUN_KERNEL(row_threads, 4) attention_pullback_warp_per_query(RowsPullback<T> a) {
  using W = Wide<T>;
  const Heads& h = a.heads;
  const int64_t cols = h.head_size;
  W *const query = own_rows<W>(2, cols), *const dy = query + cols;
  for (int64_t r = block_x() * row_warps + warp_index(); r < h.rows(); r += blocks_x() * row_warps) {
    const int64_t pair = r / h.context, t = r % h.context;
    keep_row<T>(query, a.qkv + packed(h, pair, query_part, t), cols);
    keep_row<T>(dy, a.dy + output(h, pair, t), cols);
    warp_barrier();
    const W lse = load(a.lse + r), delta = load(a.delta + r);
    const auto seen = keys_of(h, pair / h.heads, t);
    for (int64_t from = 0; from < cols; from += columns_a_pass) {
      LaneSums<W> sums;
      sums.clear();
      for (int64_t start = seen.first; start < seen.last; start += 32) {
        const int64_t rest = seen.last - start, key = start + lane_index();
        const int here = rest < 32 ? int(rest) : 32;
        W dscore = 0;
        if (lane_index() < here) {
          const W weight = exp(a.scale * dot<T>(query, a.qkv + packed(h, pair, key_part, key), cols) - lse);
          dscore = weight * (dot<T>(dy, a.qkv + packed(h, pair, value_part, key), cols) - delta);
        }
        sums.add(dscore, here, from, cols, [&](int j) { return a.qkv + packed(h, pair, key_part, start + j); });
      }
      sums.put(a.dqkv + packed(h, pair, query_part, t), from, cols, a.scale, a.fresh);
    }
    warp_barrier();
  }
}

template <class T> GATUN_KERNEL(row_threads, 4) attention_pullback_warp_per_key(RowsPullback<T> a) {
  using W = Wide<T>;
  const Heads& h = a.heads;
  const int64_t cols = h.head_size;
  W *const key = own_rows<W>(2, cols), *const value = key + cols;
  for (int64_t r = block_x() * row_warps + warp_index(); r < h.rows(); r += blocks_x() * row_warps) {
    const int64_t pair = r / h.context, position = r % h.context;
    keep_row<T>(key, a.qkv + packed(h, pair, key_part, position), cols);
    keep_row<T>(value, a.qkv + packed(h, pair, value_part, position), cols);
    warp_barrier();
    const auto seen = queries_of(h, pair / h.heads, position);
    for (int64_t from = 0; from < cols; from += columns_a_pass) {
      LaneSums<W> dkey, dvalue;
      dkey.clear();
      dvalue.clear();
      for (int64_t start = seen.first; start < seen.last; start += 32) {
        const int64_t rest = seen.last - start, t = start + lane_index();
        const int here = rest < 32 ? int(rest) : 32;
        W weight = 0, dscore = 0;
        if (lane_index() < here) {
          const int64_t at = pair * h.context + t;
          weight = exp(a.scale * dot<T>(key, a.qkv + packed(h, pair, query_part, t), cols) - load(a.lse + at));
          dscore = weight * (dot<T>(value, a.dy + output(h, pair, t), cols) - load(a.delta + at));
        }
        dkey.add(dscore, here, from, cols, [&](int j) { return a.qkv + packed(h, pair, query_part, start + j); });
        dvalue.add(weight, here, from, cols, [&](int j) { return a.dy + output(h, pair, start + j); });
      }
      dkey.put(a.dqkv + packed(h, pair, key_part, position), from, cols, a.scale, a.fresh);
      dvalue.put(a.dqkv + packed(h, pair, value_part, position), from, cols, W(1), a.fresh);
    }
    warp_barrier();
  }
}

template <class T> struct Decode {
  T *y, *keys, *values;
  const T* qkv;
  const int32_t* position;
  Heads heads;  // of a context of 1
  int64_t capacity;
  Wide<T> scale;
};

template <class T> GATUN_KERNEL(row_threads, 4) attention_decode_warp_per_head(Decode<T> a) {
  using W = Wide<T>;
  const int64_t cols = a.heads.head_size;
  W* const query = own_rows<W>(1, cols);
  const int64_t position = load(a.position);
  if (position < 0 || position >= a.capacity) return;
  for (int64_t r = block_x() * row_warps + warp_index(); r < a.heads.rows(); r += blocks_x() * row_warps) {
    T *const keys = a.keys + r * a.capacity * cols, *const values = a.values + r * a.capacity * cols;
    for (int64_t c = lane_index(); c < cols; c += 32) {
      store(keys + position * cols + c, load(a.qkv + packed(a.heads, r, key_part, 0) + c));
      store(values + position * cols + c, load(a.qkv + packed(a.heads, r, value_part, 0) + c));
    }
    keep_row<T>(query, a.qkv + packed(a.heads, r, query_part, 0), cols);
    warp_barrier();
    attend<T>(
        a.y + output(a.heads, r, 0), query, position + 1, cols, a.scale, [&](int64_t t) { return keys + t * cols; },
        [&](int64_t t) { return values + t * cols; });
    warp_barrier();
  }
}

template <class T> void forward_by_rows(gatun_stream& stream, const RowsForward<T>& a) {
  GATUN_LAUNCH(stream, attention_forward_warp_per_query<T>, grid_for(stream, a.heads.rows(), row_warps), row_threads,
               row_warps * a.heads.head_size * static_cast<int64_t>(sizeof(Wide<T>)), a);
}

template <class T> void pullback_by_rows(gatun_stream& stream, const RowsPullback<T>& a) {
  const auto grid = grid_for(stream, a.heads.rows(), row_warps);
  const int64_t bytes = row_warps * 2 * a.heads.head_size * static_cast<int64_t>(sizeof(Wide<T>));
  GATUN_LAUNCH(stream, attention_pullback_warp_per_query<T>, grid, row_threads, bytes, a);
  GATUN_LAUNCH(stream, attention_pullback_warp_per_key<T>, grid, row_threads, bytes, a);
}

template <class T> void decode_by_rows(gatun_stream& stream, const Decode<T>& a) {
  GATUN_LAUNCH(stream, attention_decode_warp_per_head<T>, grid_for(stream, a.heads.rows(), row_warps), row_threads,
               row_warps * a.heads.head_size * static_cast<int64_t>(sizeof(Wide<T>)), a);
}

}  // namespace gatun::attention
