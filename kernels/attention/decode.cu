// One new token a sequence: its key and value enter the caches, then its query attends to all that is there. Bound by
// the caches' memory.
#include "rows.cuh"

namespace gatun {

using namespace attention;

namespace {

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

}  // namespace

void attention_decode(gatun_stream& stream, void* y, void* keys, void* values, const void* qkv, const int32_t* position,
                      int64_t batch, int64_t heads, int64_t capacity, int64_t head_size, double scale,
                      gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Decode<T> a{(T*)y,         (T*)keys, (T*)values,
                      (const T*)qkv, position, {batch, 1, heads, head_size, true, nullptr, 0},
                      capacity,      W(scale)};
    if (a.heads.rows() == 0) return;
    GATUN_LAUNCH(stream, attention_decode_warp_per_head<T>, grid_for(stream, a.heads.rows(), row_warps), row_threads,
                 row_warps * head_size * static_cast<int64_t>(sizeof(W)), a);
  });
}

}  // namespace gatun
