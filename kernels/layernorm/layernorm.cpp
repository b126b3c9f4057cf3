// y = (x - mean) * rstd * weight + bias, row by row. Bound by memory: one read and one write of the rows.
// Trap: the sum of squares minus the squared mean cancels for rows far from zero, hence two passes over the cached row.
#include "body.h"
#include "rows.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T>
void forward(T* y, T* mean, T* rstd, const T* x, const T* weight, const T* bias, int64_t rows, int64_t cols,
             double eps) {
#pragma omp parallel for schedule(static) if (rows * cols >= worth_a_team)
  for (int64_t r = 0; r < rows; r++) {
    const auto row = moments(x + r * cols, cols, eps);
    normalize(y + r * cols, x + r * cols, weight, bias, row, cols);
    mean[r] = row.mean;
    rstd[r] = row.rstd;
  }
}

template <class T>
void input_gradient(T* dx, const T* dy, const T* x, const T* weight, const T* mean, const T* rstd, int64_t rows,
                    int64_t cols, bool fresh) {
#pragma omp parallel for schedule(static) if (rows * cols >= worth_a_team)
  for (int64_t r = 0; r < rows; r++) {
    const T *dy_row = dy + r * cols, *x_row = x + r * cols;
    T* dx_row = dx + r * cols;
    const Moments<T> row{mean[r], rstd[r]};
    const auto g = row_gradient(dy_row, x_row, weight, row, cols);
#pragma omp simd
    for (int64_t c = 0; c < cols; c++) {
      const T normalized = (x_row[c] - row.mean) * row.rstd;
      const T value = row.rstd * (dy_row[c] * weight[c] - g.shift - normalized * g.slope);
      dx_row[c] = fresh ? value : dx_row[c] + value;
    }
  }
}

}  // namespace

void layernorm_forward(gatun_stream&, void* y, void* mean, void* rstd, const void* x, const void* weight,
                       const void* bias, int64_t rows, int64_t cols, double eps, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    forward((T*)y, (T*)mean, (T*)rstd, (const T*)x, (const T*)weight, (const T*)bias, rows, cols, eps);
  });
}

void layernorm_pullback(gatun_stream&, void* dx, void* dweight, void* dbias, const void* dy, const void* x,
                        const void* weight, const void* mean, const void* rstd, int64_t rows, int64_t cols,
                        int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    if (dx)
      input_gradient((T*)dx, (const T*)dy, (const T*)x, (const T*)weight, (const T*)mean, (const T*)rstd, rows, cols,
                     is_fresh(fresh, 0));
    if (dweight || dbias)
      column_gradients((T*)dweight, (T*)dbias, (const T*)dy, (const T*)x, (const T*)mean, (const T*)rstd, rows, cols,
                       is_fresh(fresh, 1), is_fresh(fresh, 2));
  });
}

}  // namespace gatun::GATUN_LEVEL
