// One new token a sequence: its key and value enter the caches, then its query attends to all that is there. Bound by
// memory: reads the filled part of both caches once. Keys come in tiles, so that scratch is a few stack arrays; the
// sum of weighted values grows in y itself, rescaled when the maximum moves.
// Trap: `position` is an address up to here, since a replayed step finds another value there.
#include <omp.h>

#include "body.h"
#include "fast_math.h"
#include "heads.h"
#include "tiles.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> void copy(T* to, const T* from, int64_t cols) { memcpy(to, from, sizeof(T) * size_t(cols)); }

template <class T> T dot(const T* a, const T* b, int64_t cols) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t c = 0; c < cols; c++) sum += a[c] * b[c];
  return sum;
}

/// The maximum and the sum of the weights that y holds so far.
template <class T> struct Running { T max, sum; };

template <class T> Running<T> attend_to_tile(T* y, Running<T> before, const T* query, const T* keys, const T* values,
                                             int64_t count, int64_t cols, T scale) {
  T weights[tile];
  T max = before.max;
  for (int64_t k = 0; k < count; k++) {
    weights[k] = scale * dot(query, keys + k * cols, cols);
    if (weights[k] > max) max = weights[k];
  }
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t k = 0; k < count; k++) {
    weights[k] = fast_exp(weights[k] - max);
    sum += weights[k];
  }
  const T rescale = fast_exp(before.max - max);
#pragma omp simd
  for (int64_t c = 0; c < cols; c++) y[c] *= rescale;
  for (int64_t k = 0; k < count; k++)
#pragma omp simd
    for (int64_t c = 0; c < cols; c++) y[c] += weights[k] * values[k * cols + c];
  return {max, before.sum * rescale + sum};
}

template <class T>
void attend(T* y, const T* query, const T* keys, const T* values, int64_t count, int64_t cols, T scale) {
  memset(y, 0, sizeof(T) * size_t(cols));
  Running<T> running{T(-__builtin_inff()), 0};
  for (int64_t block = 0; block < tiles_in(count); block++) {
    const auto part = span(block, count);
    running = attend_to_tile(y, running, query, keys + part.start * cols, values + part.start * cols, part.count, cols,
                             scale);
  }
#pragma omp simd
  for (int64_t c = 0; c < cols; c++) y[c] /= running.sum;
}

/// One position of a packed head is a context of 1.
template <class T>
void decode(T* y, T* keys, T* values, const T* qkv, const Heads& h, int64_t position, int64_t capacity, T scale) {
  const int64_t cols = h.head_size;
#pragma omp parallel for schedule(static) if (h.pairs() * (position + 1) * cols >= worth_a_team)
  for (int64_t pair = 0; pair < h.pairs(); pair++) {
    T *pair_keys = keys + pair * capacity * cols, *pair_values = values + pair * capacity * cols;
    copy(pair_keys + position * cols, packed_rows(qkv, h, pair, key_part).at, cols);
    copy(pair_values + position * cols, packed_rows(qkv, h, pair, value_part).at, cols);
    attend(output_rows(y, h, pair).at, packed_rows(qkv, h, pair, query_part).at, pair_keys, pair_values, position + 1,
           cols, scale);
  }
}

}  // namespace

void attention_decode(gatun_stream&, void* y, void* keys, void* values, const void* qkv, const int32_t* position,
                      int64_t batch, int64_t heads, int64_t capacity, int64_t head_size, double scale,
                      gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    decode((T*)y, (T*)keys, (T*)values, (const T*)qkv, {batch, 1, heads, head_size, true}, *position, capacity,
           T(scale));
  });
}

}  // namespace gatun::GATUN_LEVEL
