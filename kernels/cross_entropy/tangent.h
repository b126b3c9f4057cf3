// What the tangents of the cross-entropy and of the head share: the softmax of a row and the mean under it.
#pragma once
#include "softmax.h"

namespace gatun::GATUN_LEVEL {

/// Of a row: the sum of e^(x - shift), and the mean of t under the softmax.
struct Weighted {
  double sum, mean;
};

/// t may be null. Summed by blocks, and those in double, as sum_of_exponentials does.
template <class T> inline Weighted weighted(const T* x, const T* t, int64_t n, Wide<T> shift) {
  double total = 0, moment = 0;
  for (int64_t start = 0; start < n; start += row_block) {
    const int64_t count = n - start < row_block ? n - start : row_block;
    Wide<T> room[row_block], troom[row_block], sum = 0, tsum = 0;
    const Wide<T>* const block = wide_block(x + start, count, room);
    if (t) {
      const Wide<T>* const tblock = wide_block(t + start, count, troom);
#pragma omp simd reduction(+ : sum, tsum)
      for (int64_t i = 0; i < count; i++) {
        const Wide<T> weight = fast_exp(block[i] - shift);
        sum += weight;
        tsum += weight * tblock[i];
      }
    } else {
#pragma omp simd reduction(+ : sum)
      for (int64_t i = 0; i < count; i++) sum += fast_exp(block[i] - shift);
    }
    total += double(sum);
    moment += double(tsum);
  }
  return {total, moment / total};
}

}  // namespace gatun::GATUN_LEVEL
