// Attention without tiles: a warp for each row of one side. It walks the other side 32 rows at a time: a lane makes the
// score of one row, then the lanes share out the columns of the sum. The scores never lie in memory. 2 T D reads a
// query: right at every size and dtype, fast at none.
#pragma once
#include "heads.cuh"

namespace gatun::attention {

constexpr int row_warps = 4, row_threads = 32 * row_warps;
/// Columns whose sums the lanes of a warp hold at a time.
constexpr int columns_a_lane = 4, columns_a_pass = 32 * columns_a_lane;

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
template <class W> struct LaneSums {
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

/// What a warp knows of its query after some keys.
template <class W> struct KnownOfQuery { W max = -W(INFINITY), sum = 0; };

/// Lane j has the score of one of `count` keys: turns it into a weight and brings the running sums up to date.
template <class W> GATUN_DEVICE W weigh(KnownOfQuery<W>& running, W score, LaneSums<W>& sums) {
  const W max = warp_max(score > running.max ? score : running.max);
  const W rescale = exp(running.max - max), weight = exp(score - max);
  running.sum = running.sum * rescale + warp_sum(weight);
  running.max = max;
  sums.scale(rescale);
  return weight;
}

/// The sums of `count` rows of values, weighted; keys and values are addressed by their number.
template <class T, class Key, class Value>
GATUN_DEVICE KnownOfQuery<Wide<T>> attend(T* y, const Wide<T>* query, int64_t count, int64_t cols, Wide<T> scale,
                                          Key key, Value value) {
  using W = Wide<T>;
  KnownOfQuery<W> running;
  for (int64_t from = 0; from < cols; from += columns_a_pass) {
    running = {};
    LaneSums<W> sums;
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

}  // namespace gatun::attention
