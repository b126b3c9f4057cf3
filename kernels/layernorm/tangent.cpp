// The tangents of the layer norm and of its pullback, row by row: see the formulas in gatun.h. Bound by memory: the
// first reads two arrays and writes one, the second reads four, or five, and writes one.
#include "body.h"
#include "rows.h"

namespace gatun::GATUN_LEVEL {
namespace {

/// Element c of an array that may be null.
template <class T> inline Wide<T> at(const T* x, int64_t c) { return x ? widened(x[c]) : 0; }

template <class T> void tangent(T* ty, Wide<T>* tmean, Wide<T>* trstd, const T* x, const T* tx, const Wide<T>* weight,
                                const Wide<T>* tweight, const Wide<T>* tbias, const Wide<T>* mean, const Wide<T>* rstd,
                                int64_t rows, int64_t cols) {
  using W = Wide<T>;
#pragma omp parallel for schedule(static) if (rows * cols >= worth_a_team)
  for (int64_t r = 0; r < rows; r++) {
    const T *x_row = x + r * cols, *tx_row = tx ? tx + r * cols : nullptr;
    T* const ty_row = ty + r * cols;
    const W middle = mean[r], spread = rstd[r];
    const auto normalized = [=](int64_t c) { return (widened(x_row[c]) - middle) * spread; };
    W shift = 0, slope = 0;
    if (tx) {
      shift = row_sum<W>(cols, [=](int64_t c) { return widened(tx_row[c]); }) / W(cols);
      slope = row_sum<W>(cols, [=](int64_t c) { return (widened(tx_row[c]) - shift) * normalized(c); }) / W(cols);
    }
    tmean[r] = shift;
    trstd[r] = -spread * spread * slope;
#pragma omp simd
    for (int64_t c = 0; c < cols; c++) {
      const W n = normalized(c), tn = spread * (at(tx_row, c) - shift - n * slope);
      ty_row[c] = narrowed<T>(tn * weight[c] + n * at(tweight, c) + at(tbias, c));
    }
  }
}

/// What the tangent of the pullback reads; tangents may be null.
template <class T> struct Reads {
  const T *tdsum, *dy, *tdy, *x, *tx;
  const Wide<T>*weight, *tweight, *mean, *tmean, *rstd, *trstd;
  int64_t rows, cols;
};

/// One row of these, at column c: the normalized x, the cotangent that reaches it, and their tangents.
template <class T> struct Row {
  using W = Wide<T>;
  const T *dy, *tdy, *x, *tx;
  const W *weight, *tweight;
  W mean, tmean, rstd, trstd;

  Row(const Reads<T>& in, int64_t r)
      : dy(in.dy + r * in.cols),
        tdy(in.tdy ? in.tdy + r * in.cols : nullptr),
        x(in.x + r * in.cols),
        tx(in.tx ? in.tx + r * in.cols : nullptr),
        weight(in.weight),
        tweight(in.tweight),
        mean(in.mean[r]),
        tmean(at(in.tmean, r)),
        rstd(in.rstd[r]),
        trstd(at(in.trstd, r)) {}
  W n(int64_t c) const { return (widened(x[c]) - mean) * rstd; }
  W tn(int64_t c) const { return (at(tx, c) - tmean) * rstd + (widened(x[c]) - mean) * trstd; }
  W g(int64_t c) const { return widened(dy[c]) * weight[c]; }
  W tg(int64_t c) const { return at(tdy, c) * weight[c] + widened(dy[c]) * at(tweight, c); }
};

template <class T> void row_pullback_tangent(Gradient<T> tdx, Gradient<T> tdresidual, const Reads<T>& in, int64_t r) {
  using W = Wide<T>;
  const int64_t cols = in.cols;
  const Row<T> row(in, r);
  const auto mean_of = [=](auto term) { return row_sum<W>(cols, term) / W(cols); };
  const W shift = mean_of([=](int64_t c) { return row.g(c); });
  const W slope = mean_of([=](int64_t c) { return row.g(c) * row.n(c); });
  const W tshift = mean_of([=](int64_t c) { return row.tg(c); });
  const W tslope = mean_of([=](int64_t c) { return row.tg(c) * row.n(c) + row.g(c) * row.tn(c); });
  constexpr int64_t span = 256;
  W values[span];
  for (int64_t from = 0; from < cols; from += span) {
    const int64_t width = cols - from < span ? cols - from : span;
#pragma omp simd
    for (int64_t i = 0; i < width; i++) {
      const int64_t c = from + i;
      const W n = row.n(c), rest = row.g(c) - shift - n * slope;
      const W trest = row.tg(c) - tshift - row.tn(c) * slope - n * tslope;
      values[i] = row.trstd * rest + row.rstd * trest;
    }
    if (in.tdsum) {
      const T* const tdsum = in.tdsum + r * cols + from;
#pragma omp simd
      for (int64_t i = 0; i < width; i++) values[i] += widened(tdsum[i]);
    }
    deliver(tdx, r * cols + from, values, width);
    deliver(tdresidual, r * cols + from, values, width);
  }
}

/// Columns `from` to `from + width` of tdweight and tdbias.
template <class T> void column_pullback_tangent(Gradient<Wide<T>> tdweight, Gradient<Wide<T>> tdbias,
                                                const Reads<T>& in, int64_t from, int64_t width) {
  Wide<T> weights[column_block] = {}, biases[column_block] = {};
  for (int64_t r = 0; r < in.rows; r++) {
    const Row<T> row(in, r);
#pragma omp simd
    for (int64_t i = 0; i < width; i++) {
      const int64_t c = from + i;
      weights[i] += at(row.tdy, c) * row.n(c) + widened(row.dy[c]) * row.tn(c);
      biases[i] += at(row.tdy, c);
    }
  }
  deliver(tdweight, from, weights, width);
  deliver(tdbias, from, biases, width);
}

template <class T> void pullback_tangent(Gradient<T> tdx, Gradient<T> tdresidual, Gradient<Wide<T>> tdweight,
                                         Gradient<Wide<T>> tdbias, const Reads<T>& in) {
  const int64_t blocks = (in.cols + column_block - 1) / column_block;
#pragma omp parallel if (in.rows * in.cols >= worth_a_team)
  {
    if (tdx.to || tdresidual.to) {
#pragma omp for schedule(static) nowait
      for (int64_t r = 0; r < in.rows; r++) row_pullback_tangent(tdx, tdresidual, in, r);
    }
    if (tdweight.to || tdbias.to) {
#pragma omp for schedule(static) nowait
      for (int64_t b = 0; b < blocks; b++) {
        const int64_t from = b * column_block, rest = in.cols - from;
        column_pullback_tangent(tdweight, tdbias, in, from, rest < column_block ? rest : column_block);
      }
    }
  }
}

}  // namespace

void layernorm_tangent(gatun_stream&, void* ty, void* tmean, void* trstd, const void* x, const void* tx,
                       const void* weight, const void* tweight, const void* tbias, const void* mean, const void* rstd,
                       int64_t rows, int64_t cols, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    tangent((T*)ty, (W*)tmean, (W*)trstd, (const T*)x, (const T*)tx, (const W*)weight, (const W*)tweight,
            (const W*)tbias, (const W*)mean, (const W*)rstd, rows, cols);
  });
}

void layernorm_pullback_tangent(gatun_stream&, void* tdx, void* tdresidual, void* tdweight, void* tdbias,
                                const void* tdsum, const void* dy, const void* tdy, const void* x, const void* tx,
                                const void* weight, const void* tweight, const void* mean, const void* tmean,
                                const void* rstd, const void* trstd, int64_t rows, int64_t cols, int32_t fresh,
                                gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Reads<T> in{(const T*)tdsum,
                      (const T*)dy,
                      (const T*)tdy,
                      (const T*)x,
                      (const T*)tx,
                      (const W*)weight,
                      (const W*)tweight,
                      (const W*)mean,
                      (const W*)tmean,
                      (const W*)rstd,
                      (const W*)trstd,
                      rows,
                      cols};
    pullback_tangent<T>({(T*)tdx, is_fresh(fresh, 0)}, {(T*)tdresidual, is_fresh(fresh, 1)},
                        {(W*)tdweight, is_fresh(fresh, 2)}, {(W*)tdbias, is_fresh(fresh, 3)}, in);
  });
}

}  // namespace gatun::GATUN_LEVEL
