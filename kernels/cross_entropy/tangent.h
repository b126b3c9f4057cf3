// What the tangents of the cross-entropy and of the head share: the softmax of a row and the mean under it.
#pragma once
#include "softmax.h"

namespace gatun::GATUN_LEVEL {

/// Of a row: the sum of e^(x - shift), and the mean of t under the softmax.
struct Weighted {
  double sum, mean;
};

/// t may be null. Summed by blocks, and those in double, as sum_of_exponentials does.
template <class T> inline Weighted weighted(const T* x, const T* t, int64_t n, T shift) {
  constexpr int64_t block = 1024;
  double total = 0, moment = 0;
  for (int64_t start = 0; start < n; start += block) {
    const int64_t end = n - start < block ? n : start + block;
    T sum = 0, tsum = 0;
    if (t) {
#pragma omp simd reduction(+ : sum, tsum)
      for (int64_t i = start; i < end; i++) {
        const T weight = fast_exp(x[i] - shift);
        sum += weight;
        tsum += weight * t[i];
      }
    } else {
#pragma omp simd reduction(+ : sum)
      for (int64_t i = start; i < end; i++) sum += fast_exp(x[i] - shift);
    }
    total += double(sum);
    moment += double(tsum);
  }
  return {total, moment / total};
}

}  // namespace gatun::GATUN_LEVEL
