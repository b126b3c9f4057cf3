// Row arithmetic shared by the layer norm and the residual layer norm.
#pragma once
#include "loops.h"

namespace gatun::GATUN_LEVEL {

/// The sum of term(c) over a row. Many sums in flight hide the latency of the addition and keep each one short; the
/// order is the same at every level.
template <class W, class Term> inline W row_sum(int64_t cols, Term term) {
  constexpr int64_t lanes = 256 / sizeof(W);
  W sums[lanes] = {};
  int64_t c = 0;
  for (; c + lanes <= cols; c += lanes) {
#pragma omp simd
    for (int64_t lane = 0; lane < lanes; lane++) sums[lane] += term(c + lane);
  }
  for (int64_t lane = 0; c < cols; c++, lane++) sums[lane] += term(c);
  for (int64_t half = lanes / 2; half > 0; half /= 2) {
    for (int64_t lane = 0; lane < half; lane++) sums[lane] += sums[lane + half];
  }
  return sums[0];
}

/// `rest` is what the mean lost when it was rounded.
template <class W> struct Moments { W mean, rest, rstd; };

/// Passes over a row that is in cache. The rest matters for rows far from zero: there the rounding of the mean alone
/// would cost the result as many digits as the mean is larger than the deviation.
template <class T> inline Moments<Wide<T>> moments(const T* x, int64_t cols, double eps) {
  using W = Wide<T>;
  const W mean = row_sum<W>(cols, [=](int64_t c) { return widened(x[c]); }) / W(cols);
  const W rest = row_sum<W>(cols, [=](int64_t c) { return widened(x[c]) - mean; }) / W(cols);
  const W squares =
      row_sum<W>(cols, [=](int64_t c) { return (widened(x[c]) - mean - rest) * (widened(x[c]) - mean - rest); });
  return {mean, rest, W(1.0 / sqrt(double(squares) / double(cols) + eps))};
}

template <class T> inline void normalize(T* y, const T* x, const Wide<T>* weight, const Wide<T>* bias,
                                         Moments<Wide<T>> row, int64_t cols) {
  if (bias) {
#pragma omp simd
    for (int64_t c = 0; c < cols; c++)
      y[c] = narrowed<T>((widened(x[c]) - row.mean - row.rest) * row.rstd * weight[c] + bias[c]);
  } else {
#pragma omp simd
    for (int64_t c = 0; c < cols; c++) y[c] = narrowed<T>((widened(x[c]) - row.mean - row.rest) * row.rstd * weight[c]);
  }
}

/// What a pullback reads. `dsum` is a gradient that joins behind the norm, or null.
template <class T> struct Cotangents {
  const T *dsum, *dy, *x;
  const Wide<T>*weight, *mean, *rstd;
  int64_t rows, cols;
};

/// A gradient to be written, where `to` is not null.
template <class T> struct Gradient {
  T* to;
  bool fresh;
};

template <class T> inline void deliver(Gradient<T> gradient, int64_t at, const Wide<T>* values, int64_t n) {
  if (!gradient.to) return;
  T* to = gradient.to + at;
  if (gradient.fresh) {
    put_all(to, values, n);
  } else {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) put<false>(to[i], values[i]);
  }
}

/// One row of dx = dsum + rstd * (g - mean(g) - n * mean(g * n)), with g = dy * weight and n the normalized x.
template <class T> inline void row_pullback(Gradient<T> dx, Gradient<T> dresidual, const Cotangents<T>& in, int64_t r) {
  using W = Wide<T>;
  const int64_t cols = in.cols;
  const T *dy = in.dy + r * cols, *x = in.x + r * cols;
  const W *weight = in.weight, mean = in.mean[r], rstd = in.rstd[r];
  const auto g = [=](int64_t c) { return widened(dy[c]) * weight[c]; };
  const auto n = [=](int64_t c) { return (widened(x[c]) - mean) * rstd; };
  const W shift = row_sum<W>(cols, g) / W(cols);
  const W slope = row_sum<W>(cols, [=](int64_t c) { return g(c) * n(c); }) / W(cols);
  constexpr int64_t span = 256;
  W apart[span];
  for (int64_t from = 0; from < cols; from += span) {
    const int64_t width = cols - from < span ? cols - from : span, at = r * cols + from;
    W* values = apart;
    if constexpr (holds_wide<T>)
      if (dx.to && dx.fresh) values = dx.to + at;
#pragma omp simd
    for (int64_t i = 0; i < width; i++) values[i] = rstd * (g(from + i) - shift - n(from + i) * slope);
    if (in.dsum) {
      const T* dsum = in.dsum + at;
#pragma omp simd
      for (int64_t i = 0; i < width; i++) values[i] += widened(dsum[i]);
    }
    if (values == apart) deliver(dx, at, values, width);
    deliver(dresidual, at, values, width);
  }
}

constexpr int64_t column_block = 64;

/// Columns `from` to `from + width` of dweight and dbias, summed over rows `begin` to `end`.
template <class T> inline void column_pullback(Gradient<Wide<T>> dweight, Gradient<Wide<T>> dbias,
                                               const Cotangents<T>& in, int64_t from, int64_t width, int64_t begin,
                                               int64_t end) {
  Wide<T> weights[column_block] = {}, biases[column_block] = {};
  for (int64_t r = begin; r < end; r++) {
    const T *dy = in.dy + r * in.cols + from, *x = in.x + r * in.cols + from;
    const Wide<T> mean = in.mean[r], rstd = in.rstd[r];
#pragma omp simd
    for (int64_t c = 0; c < width; c++) {
      weights[c] += widened(dy[c]) * ((widened(x[c]) - mean) * rstd);
      biases[c] += widened(dy[c]);
    }
  }
  deliver(dweight, from, weights, width);
  deliver(dbias, from, biases, width);
}

/// All gradients of a layer norm, in stretches of rows that are still in cache when the columns are summed. A stretch
/// depends on cols alone, and each column is summed by one thread, so the bits do not depend on the number of threads;
/// adding up stretch by stretch also keeps the sums over many rows short.
template <class T> inline void norm_pullback(Gradient<T> dx, Gradient<T> dresidual, Gradient<Wide<T>> dweight,
                                             Gradient<Wide<T>> dbias, const Cotangents<T>& in) {
  constexpr int64_t elements_in_cache = 1 << 17;
  const int64_t most = elements_in_cache / in.cols, stretch = most < 16 ? 16 : most;
  const int64_t blocks = (in.cols + column_block - 1) / column_block;
#pragma omp parallel if (in.rows * in.cols >= worth_a_team)
  for (int64_t begin = 0; begin == 0 || begin < in.rows; begin += stretch) {
    const int64_t end = in.rows - begin < stretch ? in.rows : begin + stretch;
    if (dx.to || dresidual.to) {
#pragma omp for schedule(static) nowait
      for (int64_t r = begin; r < end; r++) row_pullback(dx, dresidual, in, r);
    }
    if (dweight.to || dbias.to) {
#pragma omp for schedule(static) nowait
      for (int64_t b = 0; b < blocks; b++) {
        const int64_t from = b * column_block;
        const int64_t width = in.cols - from < column_block ? in.cols - from : column_block;
        column_pullback<T>({dweight.to, dweight.fresh && begin == 0}, {dbias.to, dbias.fresh && begin == 0}, in, from,
                           width, begin, end);
      }
    }
  }
}

}  // namespace gatun::GATUN_LEVEL
