// y = (x - mean) * rstd * weight + bias, row by row. Bound by memory: one read and one write of the rows; the pullback
// reads two and writes one.
// Trap: the sum of squares minus the squared mean cancels for rows far from zero, hence passes over the cached row.
#include "body.h"
#include "rows.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> void forward(T* y, Wide<T>* mean, Wide<T>* rstd, const T* x, const Wide<T>* weight,
                                const Wide<T>* bias, int64_t rows, int64_t cols, double eps) {
#pragma omp parallel for schedule(static) if (rows * cols >= worth_a_team)
  for (int64_t r = 0; r < rows; r++) {
    const auto row = moments(x + r * cols, cols, eps);
    normalize(y + r * cols, x + r * cols, weight, bias, row, cols);
    mean[r] = row.mean + row.rest;
    rstd[r] = row.rstd;
  }
}

}  // namespace

void layernorm_forward(gatun_stream&, void* y, void* mean, void* rstd, const void* x, const void* weight,
                       const void* bias, int64_t rows, int64_t cols, double eps, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    forward((T*)y, (W*)mean, (W*)rstd, (const T*)x, (const W*)weight, (const W*)bias, rows, cols, eps);
  });
}

void layernorm_pullback(gatun_stream&, void* dx, void* dweight, void* dbias, const void* dy, const void* x,
                        const void* weight, const void* mean, const void* rstd, int64_t rows, int64_t cols,
                        int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Cotangents<T> in{nullptr,        (const T*)dy,   (const T*)x, (const W*)weight,
                           (const W*)mean, (const W*)rstd, rows,        cols};
    norm_pullback<T>({(T*)dx, is_fresh(fresh, 0)}, {}, {(W*)dweight, is_fresh(fresh, 1)},
                     {(W*)dbias, is_fresh(fresh, 2)}, in);
  });
}

}  // namespace gatun::GATUN_LEVEL
