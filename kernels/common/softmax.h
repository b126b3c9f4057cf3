// Rows of logits: log-sum-exp, the loss of a row, and the gradient softmax - one-hot. Shared by softmax-cross-entropy
// and the head. Traps: a vocabulary is long, so exponentials are summed by blocks, and the blocks in double; where T
// would round exponentials, they are computed again rather than kept, but for the head's forward, which has room for a
// row of them.
#pragma once
#include "fast_math.h"

namespace gatun::GATUN_LEVEL {

/// Elements of a row that are summed in one number, and met at a time.
constexpr int64_t row_block = 1024;

/// A block of a row, widened into `room` where it has to be: vectors of bf16 would take twice as many elements as those
/// of floats, and so add up in another order.
inline const float* wide_block(const float* block, int64_t, float*) { return block; }
inline const double* wide_block(const double* block, int64_t, double*) { return block; }
inline const float* wide_block(const bf16* block, int64_t n, float* room) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) room[i] = widened(block[i]);
  return room;
}

/// A row as memory for what must not be rounded yet; null where T would round it.
inline float* unrounded(float* row) { return row; }
inline double* unrounded(double* row) { return row; }
inline float* unrounded(bf16*) { return nullptr; }

template <class T> inline Wide<T> largest(const T* x, int64_t n) {
  Wide<T> value = widened(x[0]);
#pragma omp simd reduction(max : value)
  for (int64_t i = 0; i < n; i++) {
    const Wide<T> at_i = widened(x[i]);
    value = at_i > value ? at_i : value;
  }
  return value;
}

/// The sum of e^(x - shift); `out`, which may be x, keeps the exponentials where it is given.
template <class Kept, class T> inline double sum_of_exponentials(Kept* out, const T* x, int64_t n, Wide<T> shift) {
  double total = 0;
  for (int64_t start = 0; start < n; start += row_block) {
    const int64_t count = n - start < row_block ? n - start : row_block;
    Wide<T> room[row_block], sum = 0;
    const Wide<T>* const block = wide_block(x + start, count, room);
    if (out) {
#pragma omp simd reduction(+ : sum)
      for (int64_t i = 0; i < count; i++) {
        const Wide<T> exponential = fast_exp(block[i] - shift);
        out[start + i] = narrowed<Kept>(exponential);
        sum += exponential;
      }
    } else {
#pragma omp simd reduction(+ : sum)
      for (int64_t i = 0; i < count; i++) sum += fast_exp(block[i] - shift);
    }
    total += double(sum);
  }
  return total;
}

inline int64_t count_targets(const int32_t* targets, int64_t rows) {
  int64_t counted = 0;
  for (int64_t r = 0; r < rows; r++) counted += targets[r] >= 0;
  return counted;
}

/// Rows of `stride` logits, of which the first `vocab` count.
struct Rows {
  int64_t rows, vocab, stride;
};

/// The sum of the losses of rows and, in double, its order: `parts` runs of rows, each summed on its own, whatever the
/// number of threads.
template <class Row> inline double sum_over_rows(Rows shape, Row loss_of_row) {
  constexpr int64_t parts = 256;
  double sums[parts] = {};
#pragma omp parallel for schedule(static) if (shape.rows * shape.vocab >= worth_a_team)
  for (int64_t part = 0; part < parts; part++)
    for (int64_t r = shape.rows * part / parts; r < shape.rows * (part + 1) / parts; r++) sums[part] += loss_of_row(r);
  double total = 0;
  for (int64_t part = 0; part < parts; part++) total += sums[part];
  return total;
}

/// out = share * e^(x - shift); where out, which may be x, can hold the exponentials, it does already.
template <class T> inline void scale_exponentials(T* out, const T* x, int64_t n, Wide<T> shift, Wide<T> share) {
  if (Wide<T>* const exponentials = unrounded(out)) {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) exponentials[i] *= share;
  } else {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) out[i] = narrowed<T>(fast_exp(widened(x[i]) - shift) * share);
  }
}

/// out (+)= factor * (softmax - one-hot) of one row; out may be x. A float lse is off by half its last place, 1e-6
/// where it is about 20, and so would be every weight e^(x - lse): hence the weights are divided by their sum.
template <class T> inline void softmax_gradient(T* out, const T* x, int64_t vocab, Wide<T> lse, int32_t target,
                                                Wide<T> factor, bool fresh) {
  using W = Wide<T>;
  const W logit = widened(x[target]), before = fresh ? W(0) : widened(out[target]);
  const double sum = sum_of_exponentials(fresh ? unrounded(out) : nullptr, x, vocab, lse);
  const W share = W(double(factor) / sum);
  if (fresh) {
    scale_exponentials(out, x, vocab, lse, share);
  } else {
#pragma omp simd
    for (int64_t j = 0; j < vocab; j++) out[j] = narrowed<T>(widened(out[j]) + share * fast_exp(widened(x[j]) - lse));
  }
  out[target] = narrowed<T>(before + W(double(factor) * (double(fast_exp(logit - lse)) / sum - 1)));
}

template <class T> inline void zero(T* x, int64_t n) { memset(x, 0, size_t(n) * sizeof(T)); }

}  // namespace gatun::GATUN_LEVEL
