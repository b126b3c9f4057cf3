// Row arithmetic shared by the layer norm and the residual layer norm.
#pragma once
#include "body.h"

namespace gatun::GATUN_LEVEL {

template <class T> struct Moments {
  T mean, rstd;
};

/// Two passes over a row that is in cache: subtracting the mean first keeps the variance of a row far from zero exact.
template <class T> inline Moments<T> moments(const T* x, int64_t cols, double eps) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t c = 0; c < cols; c++) sum += x[c];
  const T mean = sum / T(cols);
  T squares = 0;
#pragma omp simd reduction(+ : squares)
  for (int64_t c = 0; c < cols; c++) squares += (x[c] - mean) * (x[c] - mean);
  return {mean, T(1) / T(sqrt(double(squares) / double(cols) + eps))};
}

template <class T>
inline void normalize(T* y, const T* x, const T* weight, const T* bias, Moments<T> row, int64_t cols) {
  if (bias) {
#pragma omp simd
    for (int64_t c = 0; c < cols; c++) y[c] = (x[c] - row.mean) * row.rstd * weight[c] + bias[c];
  } else {
#pragma omp simd
    for (int64_t c = 0; c < cols; c++) y[c] = (x[c] - row.mean) * row.rstd * weight[c];
  }
}

/// The two row sums of the pullback: of dy * weight, and of dy * weight * normalized x; both divided by cols.
template <class T> struct RowGradient {
  T shift, slope;
};

template <class T>
inline RowGradient<T> row_gradient(const T* dy, const T* x, const T* weight, Moments<T> row, int64_t cols) {
  T shift = 0, slope = 0;
#pragma omp simd reduction(+ : shift, slope)
  for (int64_t c = 0; c < cols; c++) {
    const T g = dy[c] * weight[c];
    shift += g;
    slope += g * ((x[c] - row.mean) * row.rstd);
  }
  return {shift / T(cols), slope / T(cols)};
}

/// dweight and dbias. Each thread owns columns and walks down all rows, so the order of the sums depends on nothing.
template <class T>
inline void column_gradients(T* dweight, T* dbias, const T* dy, const T* x, const T* mean, const T* rstd, int64_t rows,
                             int64_t cols, bool fresh_weight, bool fresh_bias) {
  constexpr int64_t block = 64;
  const int64_t blocks = (cols + block - 1) / block;
#pragma omp parallel for schedule(static) if (rows * cols >= worth_a_team)
  for (int64_t b = 0; b < blocks; b++) {
    const int64_t from = b * block, width = cols - from < block ? cols - from : block;
    T weights[block] = {}, biases[block] = {};
    for (int64_t r = 0; r < rows; r++) {
      const T *dy_row = dy + r * cols + from, *x_row = x + r * cols + from;
      const T row_mean = mean[r], row_rstd = rstd[r];
#pragma omp simd
      for (int64_t c = 0; c < width; c++) {
        weights[c] += dy_row[c] * ((x_row[c] - row_mean) * row_rstd);
        biases[c] += dy_row[c];
      }
    }
    for (int64_t c = 0; c < width; c++) {
      if (dweight) dweight[from + c] = weights[c] + (fresh_weight ? T(0) : dweight[from + c]);
      if (dbias) dbias[from + c] = biases[c] + (fresh_bias ? T(0) : dbias[from + c]);
    }
  }
}

}  // namespace gatun::GATUN_LEVEL
