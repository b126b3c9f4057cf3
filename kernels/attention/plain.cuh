// Attention without tiles: one warp for each query, or for each key in the gradient of keys and values. It walks the
// other side 32 rows at a time: a lane makes the score of one row, then the lanes share out the columns of the sum. The
// scores never lie in memory. 2 T D reads a query: right at every size and dtype, fast at none.
#pragma once
#include "device.cuh"

namespace gatun::plain_attention {

constexpr int warps = 4, threads = 32 * warps;
/// Columns whose sums the lanes of a warp hold at a time.
constexpr int columns_a_lane = 4, columns_a_pass = 32 * columns_a_lane;

struct Heads {
  int64_t batch, context, heads, head_size;
  bool causal;

  GATUN_DEVICE int64_t width() const { return heads * head_size; }
  GATUN_ANYWHERE int64_t rows() const { return batch * heads * context; }
};

/// One head of one sequence, and a position in it.
struct Row {
  int64_t pair, position, b, h;
};

GATUN_DEVICE Row row_of(const Heads& heads, int64_t r) {
  const int64_t pair = r / heads.context;
  return {pair, r % heads.context, pair / heads.heads, pair % heads.heads};
}

enum Part { query_part = 0, key_part = 1, value_part = 2 };

/// Where a head's part of position t begins in a packed row.
GATUN_DEVICE int64_t packed(const Heads& heads, const Row& row, Part part, int64_t t) {
  return ((row.b * heads.context + t) * 3 + part) * heads.width() + row.h * heads.head_size;
}

GATUN_DEVICE int64_t output(const Heads& heads, const Row& row, int64_t t) {
  return (row.b * heads.context + t) * heads.width() + row.h * heads.head_size;
}

/// A warp's own rows in shared memory, as Wide.
template <class W> GATUN_DEVICE W* own_rows(int64_t rows, int64_t cols) {
  return reinterpret_cast<W*>(shared_memory()) + warp_index() * rows * cols;
}

template <class T> GATUN_DEVICE void keep_row(Wide<T>* kept, const T* row, int64_t cols) {
  for (int64_t c = lane_index(); c < cols; c += 32) shared_store(kept + c, widened(load(row + c)));
}

template <class T> GATUN_DEVICE Wide<T> dot(const Wide<T>* kept, const T* row, int64_t cols) {
  Wide<T> sum = 0;
  for (int64_t c = 0; c < cols; c++) sum += shared_load(kept + c) * widened(load(row + c));
  return sum;
}

/// Sums of a lane over its columns of one pass: from, from + 32, ...
template <class W> struct Sums {
  W at[columns_a_lane];

  GATUN_DEVICE void clear() {
    for (int i = 0; i < columns_a_lane; i++) at[i] = 0;
  }
  GATUN_DEVICE void scale(W factor) {
    for (int i = 0; i < columns_a_lane; i++) at[i] *= factor;
  }
  /// Adds lane j's weight times its row, for the `count` lanes that have one.
  template <class Address> GATUN_DEVICE void add(W weight, int count, int64_t from, int64_t cols, Address row) {
    for (int j = 0; j < 32; j++) {
      const W w = shuffle(weight, j);
      if (j >= count) continue;
      for (int i = 0; i < columns_a_lane; i++) {
        const int64_t c = from + 32 * i + lane_index();
        if (c < cols) at[i] += w * widened(load(row(j) + c));
      }
    }
  }
  template <class T> GATUN_DEVICE void put(T* row, int64_t from, int64_t cols, W factor, bool fresh) const {
    for (int i = 0; i < columns_a_lane; i++) {
      const int64_t c = from + 32 * i + lane_index();
      if (c < cols) store(row + c, narrowed<T>(factor * at[i] + (fresh ? W(0) : widened(load(row + c)))));
    }
  }
};

}  // namespace gatun::plain_attention
