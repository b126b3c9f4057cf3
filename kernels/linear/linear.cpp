// y = activation(x weight + bias). 2 * rows * in * out FLOPs, three times that with the pullback; bias and activation
// are one more pass over y, and in the pullback dpre = dy * activation'(pre) and dbias, its column sums, are one pass.
// Trap: a long column of floats must not be summed in one float.
#include <omp.h>

#include "body.h"
#include "gelu.h"
#include "products.h"
#include "scratch.h"

namespace gatun::GATUN_LEVEL {
namespace {

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t parts(int64_t n, int64_t size) { return (n + size - 1) / size; }

/// x + bias, in place.
template <class T> void add_bias(T* x, const T* bias, int64_t cols) {
#pragma omp simd
  for (int64_t c = 0; c < cols; c++) x[c] += bias[c];
}

template <class T> void gelu_row(T* y, const T* x, int64_t cols) {
#pragma omp simd
  for (int64_t c = 0; c < cols; c++) y[c] = gelu(x[c]);
}

template <class T> void gelu_gradient(T* dx, const T* dy, const T* x, int64_t cols) {
#pragma omp simd
  for (int64_t c = 0; c < cols; c++) dx[c] = dy[c] * gelu_slope(x[c]);
}

/// `product` holds x weight; y may be the same array.
template <class T>
void finish_rows(T* y, T* product, const T* bias, int64_t rows, int64_t cols, gatun_activation activation) {
#pragma omp parallel for schedule(static) if (rows * cols >= worth_a_team)
  for (int64_t r = 0; r < rows; r++) {
    if (bias) add_bias(product + r * cols, bias, cols);
    if (activation == GATUN_GELU_ACTIVATION) gelu_row(y + r * cols, product + r * cols, cols);
  }
}

/// dpre, where there is a `pre`, and the column sums of dpre or dy. Each thread owns a strip of columns, as wide as one
/// can be when every thread has one, and walks down the rows: the order of the sums depends on nothing. A T sums one
/// block of rows, a double the blocks.
template <class T>
void pre_gradient(T* dpre, T* dbias, const T* dy, const T* pre, int64_t rows, int64_t cols, bool fresh) {
  constexpr int64_t widest = 512, line = 64 / sizeof(T), height = 32;
  const int64_t share = parts(parts(cols, omp_get_max_threads()), line) * line, width = least(share, widest);
#pragma omp parallel for schedule(static) if (rows * cols >= worth_a_team)
  for (int64_t from = 0; from < cols; from += width) {
    const int64_t wide = least(width, cols - from);
    double totals[widest] = {};
    for (int64_t top = 0; top < rows; top += height) {
      T sums[widest] = {};
      for (int64_t r = top; r < least(top + height, rows); r++) {
        const T* gradient = dy + r * cols + from;
        if (pre) {
          gelu_gradient(dpre + r * cols + from, gradient, pre + r * cols + from, wide);
          gradient = dpre + r * cols + from;
        }
#pragma omp simd
        for (int64_t c = 0; c < wide; c++) sums[c] += gradient[c];
      }
      for (int64_t c = 0; c < wide; c++) totals[c] += double(sums[c]);
    }
    if (dbias)
      for (int64_t c = 0; c < wide; c++) dbias[from + c] = T(totals[c] + (fresh ? 0.0 : double(dbias[from + c])));
  }
}

/// dx = or += product * gelu'(x_pre); dx may be the product.
template <class T> void put_slopes(T* dx, const T* product, const T* x_pre, int64_t n, bool fresh) {
#pragma omp parallel for simd schedule(static) if (n >= worth_a_team)
  for (int64_t i = 0; i < n; i++) {
    const T gradient = product[i] * gelu_slope(x_pre[i]);
    dx[i] = fresh ? gradient : dx[i] + gradient;
  }
}

/// The gradient of what x is the GELU of. What is added to cannot hold the product first: then it goes by strips of
/// rows.
template <class T> void input_gradient(Product p, T* dx, const T* x_pre, bool fresh) {
  if (fresh) {
    multiply(p);
    return put_slopes(dx, dx, x_pre, p.rows * p.cols, true);
  }
  constexpr int64_t height = 64;
  T* const product = (T*)team_scratch(1, height * p.cols * int64_t(sizeof(T)));
  Product strip = p;
  strip.c = product;
  for (int64_t top = 0; top < p.rows; top += height) {
    strip.a = (const T*)p.a + top * p.lda;
    strip.rows = least(height, p.rows - top);
    multiply(strip);
    put_slopes(dx + top * p.cols, product, x_pre + top * p.cols, strip.rows * p.cols, false);
  }
}

}  // namespace

void linear_forward(gatun_stream&, void* y, void* pre, const void* x, const void* weight, const void* bias,
                    int64_t rows, int64_t in, int64_t out, gatun_activation activation, gatun_dtype dtype) {
  void* const product = pre ? pre : y;
  multiply({.c = product,
            .a = x,
            .b = weight,
            .rows = rows,
            .cols = out,
            .inner = in,
            .ldc = out,
            .lda = in,
            .ldb = out,
            .dtype = dtype});
  if (!bias && activation == GATUN_NO_ACTIVATION) return;
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    finish_rows((T*)y, (T*)product, (const T*)bias, rows, out, activation);
  });
}

void linear_pullback(gatun_stream&, void* dpre, void* dx, void* dweight, void* dbias, const void* dy, const void* x,
                     const void* weight, const void* pre, const void* x_pre, int64_t rows, int64_t in, int64_t out,
                     gatun_activation, int32_t fresh, gatun_dtype dtype) {
  const void* const gradient = dpre ? dpre : dy;
  if (dpre || dbias)
    by_type(dtype, [&](auto* t) {
      using T = GATUN_ELEMENT(t);
      pre_gradient((T*)dpre, (T*)dbias, (const T*)dy, (const T*)pre, rows, out, is_fresh(fresh, 2));
    });
  if (dx) {
    Product product{.c = dx,
                    .a = gradient,
                    .b = weight,
                    .rows = rows,
                    .cols = in,
                    .inner = out,
                    .ldc = in,
                    .lda = out,
                    .ldb = out,
                    .transpose_b = true,
                    .accumulate = !x_pre && !is_fresh(fresh, 0),
                    .dtype = dtype};
    if (x_pre)
      by_type(dtype, [&](auto* t) {
        using T = GATUN_ELEMENT(t);
        input_gradient(product, (T*)dx, (const T*)x_pre, is_fresh(fresh, 0));
      });
    else
      multiply(product);
  }
  if (dweight)
    multiply({.c = dweight,
              .a = x,
              .b = gradient,
              .rows = in,
              .cols = out,
              .inner = rows,
              .ldc = out,
              .lda = in,
              .ldb = out,
              .transpose_a = true,
              .accumulate = !is_fresh(fresh, 1),
              .dtype = dtype});
}

}  // namespace gatun::GATUN_LEVEL
