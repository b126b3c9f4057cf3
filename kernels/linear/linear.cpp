// y = activation(x weight + bias). 2 * rows * in * out FLOPs, three times that with the pullback; bias and activation
// are one more pass over y, and in the pullback dpre = dy * activation'(pre) and dbias, its column sums, are one pass.
// Trap: a long column of floats must not be summed in one float.
#include <omp.h>

#include "gelu.h"
#include "loops.h"
#include "products.h"
#include "scratch.h"

namespace gatun::GATUN_LEVEL {
namespace {

/// Rows that are finished at a time where they cannot be in their array. The weight of bf16 may be widened again for
/// each strip, so that these are high.
template <class T> constexpr int64_t strip_rows = holds_wide<T> ? 64 : 512;

template <class T> void gelu_row(T* y, const Wide<T>* x, int64_t cols) {
#pragma omp simd
  for (int64_t c = 0; c < cols; c++) y[c] = narrowed<T>(gelu(x[c]));
}

template <class T> void gelu_gradient(Wide<T>* dx, const T* dy, const T* x, int64_t cols) {
#pragma omp simd
  for (int64_t c = 0; c < cols; c++) dx[c] = widened(dy[c]) * gelu_slope(widened(x[c]));
}

template <class T> void add_row(Wide<T>* sums, const T* x, int64_t cols) {
#pragma omp simd
  for (int64_t c = 0; c < cols; c++) sums[c] += widened(x[c]);
}

template <class T> void round_row(T* y, const Wide<T>* x, int64_t cols) {
#pragma omp simd
  for (int64_t c = 0; c < cols; c++) y[c] = narrowed<T>(x[c]);
}

/// `product` holds x weight. Where T holds sums, it is `pre` if there is one, else y.
template <class T> void finish_rows(T* y, T* pre, Wide<T>* product, const Wide<T>* bias, int64_t rows, int64_t cols,
                                    gatun_activation activation) {
#pragma omp parallel for schedule(static) if (rows * cols >= worth_a_team)
  for (int64_t r = 0; r < rows; r++) {
    Wide<T>* const row = product + r * cols;
    if (bias) add_row(row, bias, cols);
    if (!holds_wide<T> && pre) round_row(pre + r * cols, row, cols);
    if (activation == GATUN_GELU_ACTIVATION)
      gelu_row(y + r * cols, row, cols);
    else if (!holds_wide<T>)
      round_row(y + r * cols, row, cols);
  }
}

/// Calls finish(first row, its product, rows) for strips of the product's rows, which it finds unrounded in scratch.
template <class T, class Finish> void in_strips(const Product& p, Finish finish) {
  auto* const product = (Wide<T>*)team_scratch(1, strip_rows<T> * p.cols * int64_t(sizeof(Wide<T>)));
  Product strip = p;
  strip.c = product;
  strip.wide = true;
  for (int64_t top = 0; top < p.rows; top += strip_rows<T>) {
    strip.a = (const T*)p.a + top * p.lda;
    strip.rows = least(strip_rows<T>, p.rows - top);
    multiply(strip);
    finish(top, product, strip.rows);
  }
}

/// y, and what GELU is applied to, from the product for y.
template <class T>
void finished_product(const Product& p, T* y, T* pre, const Wide<T>* bias, gatun_activation activation) {
  if constexpr (holds_wide<T>) {
    T* const place = pre ? pre : y;
    Product whole = p;
    whole.c = place;
    multiply(whole);
    finish_rows(y, pre, place, bias, p.rows, p.cols, activation);
  } else {
    in_strips<T>(p, [&](int64_t top, Wide<T>* product, int64_t rows) {
      finish_rows(y + top * p.cols, pre ? pre + top * p.cols : nullptr, product, bias, rows, p.cols, activation);
    });
  }
}

/// dpre, where there is a `pre`, and the column sums of dpre or dy. Each thread owns a strip of columns, as wide as one
/// can be when every thread has one, and walks down the rows: the order of the sums depends on nothing. A T sums one
/// block of rows, a double the blocks.
template <class T>
void pre_gradient(T* dpre, Wide<T>* dbias, const T* dy, const T* pre, int64_t rows, int64_t cols, bool fresh) {
  using W = Wide<T>;
  constexpr int64_t widest = 512, line = 64 / sizeof(T), height = 32;
  const int64_t share = quotient_up(quotient_up(cols, omp_get_max_threads()), line) * line,
                width = least(share, widest);
#pragma omp parallel for schedule(static) if (rows * cols >= worth_a_team)
  for (int64_t from = 0; from < cols; from += width) {
    const int64_t wide = least(width, cols - from);
    double totals[widest];
    W sums[widest];
    memset(totals, 0, size_t(wide) * sizeof(double));
    for (int64_t top = 0; top < rows; top += height) {
      memset(sums, 0, size_t(wide) * sizeof(W));
      for (int64_t r = top; r < least(top + height, rows); r++) {
        const int64_t at = r * cols + from;
        if (!pre) {
          add_row(sums, dy + at, wide);
          continue;
        }
        W gradient[widest];
        gelu_gradient(gradient, dy + at, pre + at, wide);
        add_row(sums, gradient, wide);
        round_row(dpre + at, gradient, wide);
      }
      for (int64_t c = 0; c < wide; c++) totals[c] += double(sums[c]);
    }
    if (dbias)
      for (int64_t c = 0; c < wide; c++) dbias[from + c] = W(totals[c] + (fresh ? 0.0 : double(dbias[from + c])));
  }
}

/// dx = or += product * gelu'(x_pre); dx may be the product.
template <class T> void put_slopes(T* dx, const Wide<T>* product, const T* x_pre, int64_t n, bool fresh) {
#pragma omp parallel for simd schedule(static) if (n >= worth_a_team)
  for (int64_t i = 0; i < n; i++) {
    const Wide<T> gradient = product[i] * gelu_slope(widened(x_pre[i]));
    dx[i] = narrowed<T>(fresh ? gradient : widened(dx[i]) + gradient);
  }
}

/// The gradient of what x is the GELU of. What is added to cannot hold the product first.
template <class T> void input_gradient(const Product& p, T* dx, const T* x_pre, bool fresh) {
  if constexpr (holds_wide<T>)
    if (fresh) {
      multiply(p);
      return put_slopes(dx, dx, x_pre, p.rows * p.cols, true);
    }
  in_strips<T>(p, [&](int64_t top, const Wide<T>* product, int64_t rows) {
    put_slopes(dx + top * p.cols, product, x_pre + top * p.cols, rows * p.cols, fresh);
  });
}

}  // namespace

void linear_forward(gatun_stream&, void* y, void* pre, const void* x, const void* weight, const void* bias,
                    int64_t rows, int64_t in, int64_t out, gatun_activation activation, gatun_dtype dtype) {
  const Product product{.c = y,
                        .a = x,
                        .b = weight,
                        .rows = rows,
                        .cols = out,
                        .inner = in,
                        .ldc = out,
                        .lda = in,
                        .ldb = out,
                        .dtype = dtype};
  if (!bias && activation == GATUN_NO_ACTIVATION) return multiply(product);
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    finished_product(product, (T*)y, (T*)pre, (const Wide<T>*)bias, activation);
  });
}

void linear_pullback(gatun_stream&, void* dpre, void* dx, void* dweight, void* dbias, const void* dy, const void* x,
                     const void* weight, const void* pre, const void* x_pre, int64_t rows, int64_t in, int64_t out,
                     gatun_activation, int32_t fresh, gatun_dtype dtype) {
  const void* const gradient = dpre ? dpre : dy;
  if (dpre || dbias)
    by_type(dtype, [&](auto* t) {
      using T = GATUN_ELEMENT(t);
      pre_gradient((T*)dpre, (Wide<T>*)dbias, (const T*)dy, (const T*)pre, rows, out, is_fresh(fresh, 2));
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
              .wide = true,
              .dtype = dtype});
}

}  // namespace gatun::GATUN_LEVEL
