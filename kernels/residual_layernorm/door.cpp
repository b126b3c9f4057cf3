#include "door.h"

GATUN_BODY(residual_layernorm_forward)
GATUN_BODY(residual_layernorm_pullback)

using namespace gatun;

gatun_status gatun_residual_layernorm_forward(gatun_stream* stream, void* sum, void* y, void* mean, void* rstd,
                                              const void* x, const void* residual, const void* weight, const void* bias,
                                              int64_t rows, int64_t cols, double eps, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    finite_and_not_negative("eps", eps);
    sizes({{"rows", rows}});
    positive({{"cols", cols}});
    arrays({{"sum", sum, {rows, cols}}, {"y", y, {rows, cols}}, {"mean", mean, rows}, {"rstd", rstd, rows}});
    arrays({{"x", x, {rows, cols}}, {"residual", residual, {rows, cols}}, {"weight", weight, cols}});
    run(stream, residual_layernorm_forward, sum, y, mean, rstd, x, residual, weight, bias, rows, cols, eps, dtype);
  });
}

gatun_status gatun_residual_layernorm_pullback(gatun_stream* stream, void* dx, void* dresidual, void* dweight,
                                               void* dbias, const void* dsum, const void* dy, const void* sum,
                                               const void* weight, const void* mean, const void* rstd, int64_t rows,
                                               int64_t cols, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"rows", rows}});
    positive({{"cols", cols}});
    arrays({{"dy", dy, {rows, cols}}, {"sum", sum, {rows, cols}}, {"mean", mean, rows}, {"rstd", rstd, rows}});
    arrays({{"weight", weight, cols}});
    run(stream, residual_layernorm_pullback, dx, dresidual, dweight, dbias, dsum, dy, sum, weight, mean, rstd, rows,
        cols, fresh, dtype);
  });
}
