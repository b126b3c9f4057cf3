// sum = x + residual; y = the layer norm of sum. Both arguments receive the same gradient.
#include "../layernorm/norm_rows.cuh"

namespace gatun {

void residual_layernorm_forward(gatun_stream& stream, void* sum, void* y, void* mean, void* rstd, const void* x,
                                const void* residual, const void* weight, const void* bias, int64_t rows, int64_t cols,
                                double eps, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    norm_rows::forward<T>(stream, {(T*)sum, (T*)y, (W*)mean, (W*)rstd, (const T*)x, (const T*)residual,
                                   (const W*)weight, (const W*)bias, rows, cols, W(eps)});
  });
}

void residual_layernorm_pullback(gatun_stream& stream, void* dx, void* dresidual, void* dweight, void* dbias,
                                 const void* dsum, const void* dy, const void* sum, const void* weight,
                                 const void* mean, const void* rstd, int64_t rows, int64_t cols, int32_t fresh,
                                 gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    norm_rows::pullback<T>(
        stream,
        {(T*)dx, (T*)dresidual, (const T*)dsum, (const T*)dy, (const T*)sum, (const W*)weight, (const W*)mean,
         (const W*)rstd, nullptr, rows, cols, is_fresh(fresh, 0), is_fresh(fresh, 1)},
        {(W*)dweight, (W*)dbias, is_fresh(fresh, 2), is_fresh(fresh, 3), cols});
  });
}

}  // namespace gatun
