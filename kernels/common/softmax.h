// Rows of logits: log-sum-exp, the loss of a row, and the gradient softmax - one-hot. Shared by softmax-cross-entropy
// and the head. Trap: a vocabulary is long, so exponentials are summed by blocks, and the blocks in double.
#pragma once
#include "fast_math.h"

namespace gatun::GATUN_LEVEL {

template <class T> inline T largest(const T* x, int64_t n) {
  T value = x[0];
#pragma omp simd reduction(max : value)
  for (int64_t i = 0; i < n; i++) value = x[i] > value ? x[i] : value;
  return value;
}

/// The sum of e^(x - shift); `out`, which may be x, keeps the exponentials where it is given.
template <class T> inline double sum_of_exponentials(T* out, const T* x, int64_t n, T shift) {
  constexpr int64_t block = 1024;
  double total = 0;
  for (int64_t start = 0; start < n; start += block) {
    const int64_t end = n - start < block ? n : start + block;
    T sum = 0;
    if (out) {
#pragma omp simd reduction(+ : sum)
      for (int64_t i = start; i < end; i++) {
        out[i] = fast_exp(x[i] - shift);
        sum += out[i];
      }
    } else {
#pragma omp simd reduction(+ : sum)
      for (int64_t i = start; i < end; i++) sum += fast_exp(x[i] - shift);
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

/// out (+)= factor * (softmax - one-hot) of one row; out may be x. A float lse is off by half its last place, 1e-6
/// where it is about 20, and so would be every weight e^(x - lse): hence the weights are divided by their sum.
template <class T>
inline void softmax_gradient(T* out, const T* x, int64_t vocab, T lse, int32_t target, T factor, bool fresh) {
  const T logit = x[target], before = fresh ? T(0) : out[target];
  const double sum = sum_of_exponentials(fresh ? out : nullptr, x, vocab, lse);
  const T share = T(double(factor) / sum);
  if (fresh) {
#pragma omp simd
    for (int64_t j = 0; j < vocab; j++) out[j] *= share;
  } else {
#pragma omp simd
    for (int64_t j = 0; j < vocab; j++) out[j] += share * fast_exp(x[j] - lse);
  }
  out[target] = before + T(double(factor) * (double(fast_exp(logit - lse)) / sum - 1));
}

template <class T> inline void zero(T* x, int64_t n) { memset(x, 0, size_t(n) * sizeof(T)); }

}  // namespace gatun::GATUN_LEVEL
