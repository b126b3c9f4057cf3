// y = softmax(scale * q k^T) v, head by head, and its pullback: with p = exp(scale * q k^T - lse) and delta =
// rowsum(dy * y), dv = p^T dy, ds = p * (dy v^T - delta), dk = scale * ds^T q, dq = scale * ds k.
#include "plain.cuh"

namespace gatun {

using namespace plain_attention;

namespace {

template <class T> struct Forward {
  T* y;
  Wide<T>* lse;
  const T* qkv;
  Heads heads;
  Wide<T> scale;
};

/// What a warp knows of its query after some keys.
template <class W> struct Running { W max = -W(INFINITY), sum = 0; };

/// Lane j has the score of one of `count` keys: turns it into a weight and brings the running sums up to date.
template <class W> GATUN_DEVICE W weigh(Running<W>& running, W score, Sums<W>& sums) {
  const W max = warp_max(score > running.max ? score : running.max);
  const W rescale = exp(running.max - max), weight = exp(score - max);
  running.sum = running.sum * rescale + warp_sum(weight);
  running.max = max;
  sums.scale(rescale);
  return weight;
}

/// The sums of `count` rows of values, weighted; keys and values are addressed by their number.
template <class T, class Key, class Value> GATUN_DEVICE Running<Wide<T>> attend(T* y, const Wide<T>* query,
                                                                                int64_t count, int64_t cols,
                                                                                Wide<T> scale, Key key, Value value) {
  using W = Wide<T>;
  Running<W> running;
  for (int64_t from = 0; from < cols; from += columns_a_pass) {
    running = {};
    Sums<W> sums;
    sums.clear();
    for (int64_t start = 0; start < count; start += 32) {
      const int64_t rest = count - start;
      const int here = rest < 32 ? int(rest) : 32;
      const bool mine = lane_index() < here;
      const W score = mine ? scale * dot<T>(query, key(start + lane_index()), cols) : -W(INFINITY);
      const W weight = weigh(running, score, sums);
      sums.add(weight, here, from, cols, [&](int j) { return value(start + j); });
    }
    sums.put(y, from, cols, W(1) / running.sum, true);
  }
  return running;
}

template <class T> GATUN_KERNEL(threads, 4) attention_forward_warp_per_query(Forward<T> a) {
  using W = Wide<T>;
  const int64_t cols = a.heads.head_size;
  W* const query = own_rows<W>(1, cols);
  for (int64_t r = block_x() * warps + warp_index(); r < a.heads.rows(); r += blocks_x() * warps) {
    const auto row = row_of(a.heads, r);
    keep_row<T>(query, a.qkv + packed(a.heads, row, query_part, row.position), cols);
    warp_barrier();
    const int64_t count = a.heads.causal ? row.position + 1 : a.heads.context;
    const auto running = attend<T>(
        a.y + output(a.heads, row, row.position), query, count, cols, a.scale,
        [&](int64_t t) { return a.qkv + packed(a.heads, row, key_part, t); },
        [&](int64_t t) { return a.qkv + packed(a.heads, row, value_part, t); });
    if (lane_index() == 0) store(a.lse + r, running.max + log(running.sum));
    warp_barrier();
  }
}

template <class T> struct Pullback {
  Wide<T>* delta;
  T* dqkv;
  const T *dy, *qkv, *y;
  const Wide<T>* lse;
  Heads heads;
  Wide<T> scale;
  bool fresh;
};

template <class T> GATUN_KERNEL(threads, 4) attention_pullback_delta(Pullback<T> a) {
  using W = Wide<T>;
  for (int64_t r = block_x() * warps + warp_index(); r < a.heads.rows(); r += blocks_x() * warps) {
    const auto row = row_of(a.heads, r);
    const int64_t at = output(a.heads, row, row.position);
    W sum = 0;
    for (int64_t c = lane_index(); c < a.heads.head_size; c += 32)
      sum += widened(load(a.dy + at + c)) * widened(load(a.y + at + c));
    sum = warp_sum(sum);
    if (lane_index() == 0) store(a.delta + r, sum);
  }
}

template <class T> GATUN_KERNEL(threads, 4) attention_pullback_warp_per_query(Pullback<T> a) {
  using W = Wide<T>;
  const int64_t cols = a.heads.head_size;
  W *const query = own_rows<W>(2, cols), *const dy = query + cols;
  for (int64_t r = block_x() * warps + warp_index(); r < a.heads.rows(); r += blocks_x() * warps) {
    const auto row = row_of(a.heads, r);
    keep_row<T>(query, a.qkv + packed(a.heads, row, query_part, row.position), cols);
    keep_row<T>(dy, a.dy + output(a.heads, row, row.position), cols);
    warp_barrier();
    const W lse = load(a.lse + r), delta = load(a.delta + r);
    const int64_t count = a.heads.causal ? row.position + 1 : a.heads.context;
    for (int64_t from = 0; from < cols; from += columns_a_pass) {
      Sums<W> sums;
      sums.clear();
      for (int64_t start = 0; start < count; start += 32) {
        const int64_t rest = count - start, t = start + lane_index();
        const int here = rest < 32 ? int(rest) : 32;
        W dscore = 0;
        if (lane_index() < here) {
          const W weight = exp(a.scale * dot<T>(query, a.qkv + packed(a.heads, row, key_part, t), cols) - lse);
          dscore = weight * (dot<T>(dy, a.qkv + packed(a.heads, row, value_part, t), cols) - delta);
        }
        sums.add(dscore, here, from, cols, [&](int j) { return a.qkv + packed(a.heads, row, key_part, start + j); });
      }
      sums.put(a.dqkv + packed(a.heads, row, query_part, row.position), from, cols, a.scale, a.fresh);
    }
    warp_barrier();
  }
}

template <class T> GATUN_KERNEL(threads, 4) attention_pullback_warp_per_key(Pullback<T> a) {
  using W = Wide<T>;
  const int64_t cols = a.heads.head_size;
  W *const key = own_rows<W>(2, cols), *const value = key + cols;
  for (int64_t r = block_x() * warps + warp_index(); r < a.heads.rows(); r += blocks_x() * warps) {
    const auto row = row_of(a.heads, r);
    keep_row<T>(key, a.qkv + packed(a.heads, row, key_part, row.position), cols);
    keep_row<T>(value, a.qkv + packed(a.heads, row, value_part, row.position), cols);
    warp_barrier();
    for (int64_t from = 0; from < cols; from += columns_a_pass) {
      Sums<W> dkey, dvalue;
      dkey.clear();
      dvalue.clear();
      for (int64_t start = a.heads.causal ? row.position : 0; start < a.heads.context; start += 32) {
        const int64_t rest = a.heads.context - start, t = start + lane_index();
        const int here = rest < 32 ? int(rest) : 32;
        W weight = 0, dscore = 0;
        if (lane_index() < here) {
          const int64_t statistics = row.pair * a.heads.context + t;
          weight =
              exp(a.scale * dot<T>(key, a.qkv + packed(a.heads, row, query_part, t), cols) - load(a.lse + statistics));
          dscore = weight * (dot<T>(value, a.dy + output(a.heads, row, t), cols) - load(a.delta + statistics));
        }
        dkey.add(dscore, here, from, cols, [&](int j) { return a.qkv + packed(a.heads, row, query_part, start + j); });
        dvalue.add(weight, here, from, cols, [&](int j) { return a.dy + output(a.heads, row, start + j); });
      }
      dkey.put(a.dqkv + packed(a.heads, row, key_part, row.position), from, cols, a.scale, a.fresh);
      dvalue.put(a.dqkv + packed(a.heads, row, value_part, row.position), from, cols, W(1), a.fresh);
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

/// One new token a sequence: its key and value enter the caches, then its query attends to all that is there.
template <class T> GATUN_KERNEL(threads, 4) attention_decode_warp_per_head(Decode<T> a) {
  using W = Wide<T>;
  const int64_t cols = a.heads.head_size;
  W* const query = own_rows<W>(1, cols);
  const int64_t position = load(a.position);
  if (position < 0 || position >= a.capacity) return;
  for (int64_t r = block_x() * warps + warp_index(); r < a.heads.rows(); r += blocks_x() * warps) {
    const auto row = row_of(a.heads, r);
    T *const keys = a.keys + r * a.capacity * cols, *const values = a.values + r * a.capacity * cols;
    for (int64_t c = lane_index(); c < cols; c += 32) {
      store(keys + position * cols + c, load(a.qkv + packed(a.heads, row, key_part, 0) + c));
      store(values + position * cols + c, load(a.qkv + packed(a.heads, row, value_part, 0) + c));
    }
    keep_row<T>(query, a.qkv + packed(a.heads, row, query_part, 0), cols);
    warp_barrier();
    attend<T>(
        a.y + output(a.heads, row, 0), query, position + 1, cols, a.scale, [&](int64_t t) { return keys + t * cols; },
        [&](int64_t t) { return values + t * cols; });
    warp_barrier();
  }
}

}  // namespace

void attention_forward(gatun_stream& stream, void* y, void* lse, const void* qkv, int64_t batch, int64_t context,
                       int64_t heads, int64_t head_size, double scale, int32_t causal, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Forward<T> a{(T*)y, (W*)lse, (const T*)qkv, {batch, context, heads, head_size, causal == 1}, W(scale)};
    if (a.heads.rows() == 0) return;
    GATUN_LAUNCH(stream, attention_forward_warp_per_query<T>, grid_for(stream, a.heads.rows(), warps), threads,
                 warps * head_size * static_cast<int64_t>(sizeof(W)), a);
  });
}

void attention_pullback(gatun_stream& stream, void* delta, void* dqkv, const void* dy, const void* qkv, const void* y,
                        const void* lse, int64_t batch, int64_t context, int64_t heads, int64_t head_size, double scale,
                        int32_t causal, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Pullback<T> a{(W*)delta,
                        (T*)dqkv,
                        (const T*)dy,
                        (const T*)qkv,
                        (const T*)y,
                        (const W*)lse,
                        {batch, context, heads, head_size, causal == 1},
                        W(scale),
                        is_fresh(fresh, 0)};
    if (a.heads.rows() == 0) return;
    const auto grid = grid_for(stream, a.heads.rows(), warps);
    const int64_t bytes = warps * 2 * head_size * static_cast<int64_t>(sizeof(W));
    GATUN_LAUNCH(stream, attention_pullback_delta<T>, grid, threads, 0, a);
    GATUN_LAUNCH(stream, attention_pullback_warp_per_query<T>, grid, threads, bytes, a);
    GATUN_LAUNCH(stream, attention_pullback_warp_per_key<T>, grid, threads, bytes, a);
  });
}

void attention_decode(gatun_stream& stream, void* y, void* keys, void* values, const void* qkv, const int32_t* position,
                      int64_t batch, int64_t heads, int64_t capacity, int64_t head_size, double scale,
                      gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Decode<T> a{(T*)y,    (T*)keys, (T*)values, (const T*)qkv, position, {batch, 1, heads, head_size, true},
                      capacity, W(scale)};
    if (a.heads.rows() == 0) return;
    GATUN_LAUNCH(stream, attention_decode_warp_per_head<T>, grid_for(stream, a.heads.rows(), warps), threads,
                 warps * head_size * static_cast<int64_t>(sizeof(W)), a);
  });
}

}  // namespace gatun
