// y = (x - mean) * rstd * weight + bias, row by row.
#include "rows.cuh"

namespace gatun {

// For residual_layernorm.cu too.
#define GATUN_NORM_OF(T)                                              \
  template void norm_rows::forward(gatun_stream&, const Forward<T>&); \
  template void norm_rows::pullback(gatun_stream&, Pullback<T>, const WeightGradients<Wide<T>>&);
GATUN_NORM_OF(float)
GATUN_NORM_OF(double)
GATUN_NORM_OF(bf16)

void layernorm_forward(gatun_stream& stream, void* y, void* mean, void* rstd, const void* x, const void* weight,
                       const void* bias, int64_t rows, int64_t cols, double eps, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    norm_rows::forward<T>(stream, {nullptr, (T*)y, (W*)mean, (W*)rstd, (const T*)x, nullptr, (const W*)weight,
                                   (const W*)bias, rows, cols, W(eps)});
  });
}

void layernorm_pullback(gatun_stream& stream, void* dx, void* dweight, void* dbias, const void* dy, const void* x,
                        const void* weight, const void* mean, const void* rstd, int64_t rows, int64_t cols,
                        int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    norm_rows::pullback<T>(stream,
                           {(T*)dx, nullptr, nullptr, (const T*)dy, (const T*)x, (const W*)weight, (const W*)mean,
                            (const W*)rstd, nullptr, rows, cols, is_fresh(fresh, 0), false},
                           {(W*)dweight, (W*)dbias, is_fresh(fresh, 1), is_fresh(fresh, 2), cols});
  });
}

}  // namespace gatun
