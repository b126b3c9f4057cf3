// The tangents of the layer norm and of its pullback, row by row: see the formulas in gatun.h. Bound by memory: the
// first reads two arrays and writes one, the second reads four, or five, and writes one.
#include "body.h"
#include "rows.h"

namespace gatun::GATUN_LEVEL {
namespace {

/// Element c of an array that may be null.
template <class T> inline T at(const T* x, int64_t c) { return x ? x[c] : T(0); }

template <class T> void tangent(T* ty, T* tmean, T* trstd, const T* x, const T* tx, const T* weight, const T* tweight,
                                const T* tbias, const T* mean, const T* rstd, int64_t rows, int64_t cols) {
#pragma omp parallel for schedule(static) if (rows * cols >= worth_a_team)
  for (int64_t r = 0; r < rows; r++) {
    const T *x_row = x + r * cols, *tx_row = tx ? tx + r * cols : nullptr;
    T* const ty_row = ty + r * cols;
    const T middle = mean[r], spread = rstd[r];
    T shift = 0, slope = 0;
    if (tx) {
      shift = row_sum<T>(cols, [=](int64_t c) { return tx_row[c]; }) / T(cols);
      slope =
          row_sum<T>(cols, [=](int64_t c) { return (tx_row[c] - shift) * ((x_row[c] - middle) * spread); }) / T(cols);
    }
    tmean[r] = shift;
    trstd[r] = -spread * spread * slope;
#pragma omp simd
    for (int64_t c = 0; c < cols; c++) {
      const T n = (x_row[c] - middle) * spread, tn = spread * (at(tx_row, c) - shift - n * slope);
      ty_row[c] = tn * weight[c] + n * at(tweight, c) + at(tbias, c);
    }
  }
}

/// What the tangent of the pullback reads; tangents may be null.
template <class T> struct Reads {
  const T *tdsum, *dy, *tdy, *x, *tx, *weight, *tweight, *mean, *tmean, *rstd, *trstd;
  int64_t rows, cols;
};

/// One row of these, at column c: the normalized x, the cotangent that reaches it, and their tangents.
template <class T> struct Row {
  const T *dy, *tdy, *x, *tx, *weight, *tweight;
  T mean, tmean, rstd, trstd;

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
  T n(int64_t c) const { return (x[c] - mean) * rstd; }
  T tn(int64_t c) const { return (at(tx, c) - tmean) * rstd + (x[c] - mean) * trstd; }
  T g(int64_t c) const { return dy[c] * weight[c]; }
  T tg(int64_t c) const { return at(tdy, c) * weight[c] + dy[c] * at(tweight, c); }
};

template <class T> void row_pullback_tangent(Gradient<T> tdx, Gradient<T> tdresidual, const Reads<T>& in, int64_t r) {
  const int64_t cols = in.cols;
  const Row<T> row(in, r);
  const auto mean_of = [=](auto term) { return row_sum<T>(cols, term) / T(cols); };
  const T shift = mean_of([=](int64_t c) { return row.g(c); });
  const T slope = mean_of([=](int64_t c) { return row.g(c) * row.n(c); });
  const T tshift = mean_of([=](int64_t c) { return row.tg(c); });
  const T tslope = mean_of([=](int64_t c) { return row.tg(c) * row.n(c) + row.g(c) * row.tn(c); });
  constexpr int64_t span = 256;
  T values[span];
  for (int64_t from = 0; from < cols; from += span) {
    const int64_t width = cols - from < span ? cols - from : span;
#pragma omp simd
    for (int64_t i = 0; i < width; i++) {
      const int64_t c = from + i;
      const T n = row.n(c), rest = row.g(c) - shift - n * slope;
      const T trest = row.tg(c) - tshift - row.tn(c) * slope - n * tslope;
      values[i] = row.trstd * rest + row.rstd * trest + at(in.tdsum, r * cols + c);
    }
    deliver(tdx, r * cols + from, values, width);
    deliver(tdresidual, r * cols + from, values, width);
  }
}

/// Columns `from` to `from + width` of tdweight and tdbias.
template <class T> void column_pullback_tangent(Gradient<T> tdweight, Gradient<T> tdbias, const Reads<T>& in,
                                                int64_t from, int64_t width) {
  T weights[column_block] = {}, biases[column_block] = {};
  for (int64_t r = 0; r < in.rows; r++) {
    const Row<T> row(in, r);
#pragma omp simd
    for (int64_t i = 0; i < width; i++) {
      const int64_t c = from + i;
      weights[i] += at(row.tdy, c) * row.n(c) + row.dy[c] * row.tn(c);
      biases[i] += at(row.tdy, c);
    }
  }
  deliver(tdweight, from, weights, width);
  deliver(tdbias, from, biases, width);
}

template <class T> void pullback_tangent(Gradient<T> tdx, Gradient<T> tdresidual, Gradient<T> tdweight,
                                         Gradient<T> tdbias, const Reads<T>& in) {
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
    tangent((T*)ty, (T*)tmean, (T*)trstd, (const T*)x, (const T*)tx, (const T*)weight, (const T*)tweight,
            (const T*)tbias, (const T*)mean, (const T*)rstd, rows, cols);
  });
}

void layernorm_pullback_tangent(gatun_stream&, void* tdx, void* tdresidual, void* tdweight, void* tdbias,
                                const void* tdsum, const void* dy, const void* tdy, const void* x, const void* tx,
                                const void* weight, const void* tweight, const void* mean, const void* tmean,
                                const void* rstd, const void* trstd, int64_t rows, int64_t cols, int32_t fresh,
                                gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    const Reads<T> in{(const T*)tdsum,
                      (const T*)dy,
                      (const T*)tdy,
                      (const T*)x,
                      (const T*)tx,
                      (const T*)weight,
                      (const T*)tweight,
                      (const T*)mean,
                      (const T*)tmean,
                      (const T*)rstd,
                      (const T*)trstd,
                      rows,
                      cols};
    pullback_tangent<T>({(T*)tdx, is_fresh(fresh, 0)}, {(T*)tdresidual, is_fresh(fresh, 1)},
                        {(T*)tdweight, is_fresh(fresh, 2)}, {(T*)tdbias, is_fresh(fresh, 3)}, in);
  });
}

}  // namespace gatun::GATUN_LEVEL
