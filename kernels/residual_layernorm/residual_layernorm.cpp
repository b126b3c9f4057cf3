// sum = x + residual; y = the layer norm of sum. Bound by memory: two reads and two writes of the rows, where an
// addition and a norm apart take one read more; the pullback reads three and writes two.
// The norm is that of the sum as it is stored.
// Trap: dx and dresidual are the same numbers but may differ in what they are added to.
#include "../layernorm/rows.h"
#include "body.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> void forward(T* sum, T* y, Wide<T>* mean, Wide<T>* rstd, const T* x, const T* residual,
                                const Wide<T>* weight, const Wide<T>* bias, int64_t rows, int64_t cols, double eps) {
#pragma omp parallel for schedule(static) if (rows * cols >= worth_a_team)
  for (int64_t r = 0; r < rows; r++) {
    const T *x_row = x + r * cols, *residual_row = residual + r * cols;
    T* sum_row = sum + r * cols;
#pragma omp simd
    for (int64_t c = 0; c < cols; c++) sum_row[c] = narrowed<T>(widened(x_row[c]) + widened(residual_row[c]));
    const auto row = moments(sum_row, cols, eps);
    normalize(y + r * cols, sum_row, weight, bias, row, cols);
    mean[r] = row.mean + row.rest;
    rstd[r] = row.rstd;
  }
}

}  // namespace

void residual_layernorm_forward(gatun_stream&, void* sum, void* y, void* mean, void* rstd, const void* x,
                                const void* residual, const void* weight, const void* bias, int64_t rows, int64_t cols,
                                double eps, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    forward((T*)sum, (T*)y, (W*)mean, (W*)rstd, (const T*)x, (const T*)residual, (const W*)weight, (const W*)bias, rows,
            cols, eps);
  });
}

void residual_layernorm_pullback(gatun_stream&, void* dx, void* dresidual, void* dweight, void* dbias, const void* dsum,
                                 const void* dy, const void* sum, const void* weight, const void* mean,
                                 const void* rstd, int64_t rows, int64_t cols, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Cotangents<T> in{(const T*)dsum, (const T*)dy,   (const T*)sum, (const W*)weight,
                           (const W*)mean, (const W*)rstd, rows,          cols};
    norm_pullback<T>({(T*)dx, is_fresh(fresh, 0)}, {(T*)dresidual, is_fresh(fresh, 1)},
                     {(W*)dweight, is_fresh(fresh, 2)}, {(W*)dbias, is_fresh(fresh, 3)}, in);
  });
}

}  // namespace gatun::GATUN_LEVEL
