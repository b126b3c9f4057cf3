// One new token a sequence: its key and value enter the caches, then its query attends to all that is there. Bound by
// memory: reads the filled part of both caches once. Keys come in tiles, so that scratch is a few rows a thread; the
// sum of weighted values is rescaled when the maximum moves.
// Trap: `position` is an address up to here, since a replayed step finds another value there.
#include <omp.h>

#include "body.h"
#include "fast_math.h"
#include "heads.h"
#include "team.h"
#include "tiles.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> void copy(T* to, const T* from, int64_t cols) { memcpy(to, from, sizeof(T) * size_t(cols)); }

template <class W> W dot(const W* a, const W* b, int64_t cols) {
  W sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t c = 0; c < cols; c++) sum += a[c] * b[c];
  return sum;
}

/// A row of wide numbers: itself, or a copy in `strip`, so that each type has the same loop and order of sums.
inline const float* wide_row(const float* row, float*, int64_t) { return row; }
inline const double* wide_row(const double* row, double*, int64_t) { return row; }
inline const float* wide_row(const bf16* row, float* strip, int64_t cols) {
#pragma omp simd
  for (int64_t c = 0; c < cols; c++) strip[c] = widened(row[c]);
  return strip;
}

/// Rows of a thread; `sums` are of weighted values.
template <class W> struct Strips {
  W *query, *row, *sums;
  int64_t bytes;

  Strips(char* start, int64_t cols) {
    Cutter cutter{start};
    query = cutter.cut<W>(cols);
    row = cutter.cut<W>(cols);
    sums = cutter.cut<W>(cols);
    bytes = cutter.bytes;
  }
};

/// The maximum and the sum of the weights that the sums of weighted values hold so far.
template <class W> struct Running { W max, sum; };

template <class T> Running<Wide<T>> attend_to_tile(const Strips<Wide<T>>& strips, Running<Wide<T>> before,
                                                   const Wide<T>* query, const T* keys, const T* values, int64_t count,
                                                   int64_t cols, Wide<T> scale) {
  using W = Wide<T>;
  W weights[tile], *const sums = strips.sums;
  W max = before.max;
  for (int64_t k = 0; k < count; k++) {
    weights[k] = scale * dot(query, wide_row(keys + k * cols, strips.row, cols), cols);
    if (weights[k] > max) max = weights[k];
  }
  W sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t k = 0; k < count; k++) {
    weights[k] = fast_exp(weights[k] - max);
    sum += weights[k];
  }
  const W rescale = fast_exp(before.max - max);
#pragma omp simd
  for (int64_t c = 0; c < cols; c++) sums[c] *= rescale;
  for (int64_t k = 0; k < count; k++)
#pragma omp simd
    for (int64_t c = 0; c < cols; c++) sums[c] += weights[k] * widened(values[k * cols + c]);
  return {max, before.sum * rescale + sum};
}

template <class T> void attend(T* y, const Strips<Wide<T>>& strips, const T* query, const T* keys, const T* values,
                               int64_t count, int64_t cols, Wide<T> scale) {
  using W = Wide<T>;
  const W* const wide_query = wide_row(query, strips.query, cols);
  memset(strips.sums, 0, sizeof(W) * size_t(cols));
  Running<W> running{W(-__builtin_inff()), 0};
  for (int64_t block = 0; block < tiles_in(count); block++) {
    const auto part = span(block, count);
    running = attend_to_tile(strips, running, wide_query, keys + part.start * cols, values + part.start * cols,
                             part.count, cols, scale);
  }
#pragma omp simd
  for (int64_t c = 0; c < cols; c++) y[c] = narrowed<T>(strips.sums[c] / running.sum);
}

/// One position of a packed head is a context of 1.
template <class T>
void decode(T* y, T* keys, T* values, const T* qkv, const Heads& h, int64_t position, int64_t capacity, Wide<T> scale) {
  const int64_t cols = h.head_size, bytes = Strips<Wide<T>>(nullptr, cols).bytes;
  const int threads = h.pairs() * (position + 1) * cols < worth_a_team ? 1 : omp_get_max_threads();
  char* const scratch = team_scratch(threads, bytes);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t pair = 0; pair < h.pairs(); pair++) {
    const Strips<Wide<T>> strips(scratch + omp_get_thread_num() * bytes, cols);
    T *pair_keys = keys + pair * capacity * cols, *pair_values = values + pair * capacity * cols;
    copy(pair_keys + position * cols, packed_rows(qkv, h, pair, key_part).at, cols);
    copy(pair_values + position * cols, packed_rows(qkv, h, pair, value_part).at, cols);
    attend(output_rows(y, h, pair).at, strips, packed_rows(qkv, h, pair, query_part).at, pair_keys, pair_values,
           position + 1, cols, scale);
  }
}

}  // namespace

void attention_decode(gatun_stream&, void* y, void* keys, void* values, const void* qkv, const int32_t* position,
                      int64_t batch, int64_t heads, int64_t capacity, int64_t head_size, double scale,
                      gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    decode((T*)y, (T*)keys, (T*)values, (const T*)qkv, {batch, 1, heads, head_size, true}, *position, capacity,
           Wide<T>(scale));
  });
}

}  // namespace gatun::GATUN_LEVEL
