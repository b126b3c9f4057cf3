#include "products.h"

#include <oneapi/dnnl/dnnl.h>

#include <cmath>
#include <cstdio>

#include "status.h"

namespace gatun {
namespace {

template <class T> T gelu(T x) {
  const T inner = T(0.7978845608028654) * (x + T(0.044715) * x * x * x);
  return x / 2 * (1 + std::tanh(inner));
}

/// Row by row; the loop over the columns of b is innermost so that it vectorises.
template <class T> void multiply_in_loops(const Product& p) {
  const T *a = static_cast<const T*>(p.a), *b = static_cast<const T*>(p.b), *bias = static_cast<const T*>(p.bias);
  T* const c = static_cast<T*>(p.c);
#pragma omp parallel for schedule(static) if (p.rows * p.cols * p.inner >= 32768)
  for (int64_t r = 0; r < p.rows; r++) {
    T* row = c + r * p.ldc;
    if (!p.accumulate)
      for (int64_t j = 0; j < p.cols; j++) row[j] = 0;
    for (int64_t k = 0; k < p.inner; k++) {
      const T factor = T(p.alpha) * (p.transpose_a ? a[k * p.lda + r] : a[r * p.lda + k]);
      if (p.transpose_b)
        for (int64_t j = 0; j < p.cols; j++) row[j] += factor * b[j * p.ldb + k];
      else
        for (int64_t j = 0; j < p.cols; j++) row[j] += factor * b[k * p.ldb + j];
    }
    for (int64_t j = 0; j < p.cols; j++) {
      if (bias) row[j] += bias[j];
      if (p.gelu) row[j] = gelu(row[j]);
    }
  }
}

}  // namespace

void multiply(const Product& p) {
  if (p.rows == 0 || p.cols == 0) return;
  if (p.dtype == GATUN_F64) return multiply_in_loops<double>(p);
  return multiply_in_loops<float>(p);
}

void lower_products_to(Level level) {
  const dnnl_cpu_isa_t isa = level == Level::v4   ? dnnl_cpu_isa_default
                             : level == Level::v3 ? dnnl_cpu_isa_avx2
                                                  : dnnl_cpu_isa_sse41;
  dnnl_set_max_cpu_isa(isa);
}

const char* products_version() {
  static char text[64];
  const auto* version = dnnl_version();
  std::snprintf(text, sizeof text, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);
  return text;
}

}  // namespace gatun
