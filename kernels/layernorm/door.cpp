#include "door.h"

GATUN_BODY(layernorm_forward)
GATUN_BODY(layernorm_pullback)
GATUN_BODY(layernorm_tangent)
GATUN_BODY(layernorm_pullback_tangent)

using namespace gatun;

gatun_status gatun_layernorm_forward(gatun_stream* stream, void* y, void* mean, void* rstd, const void* x,
                                     const void* weight, const void* bias, int64_t rows, int64_t cols, double eps,
                                     gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    finite_and_not_negative("eps", eps);
    sizes({{"rows", rows}});
    positive({{"cols", cols}});
    arrays({{"y", y, {rows, cols}}, {"mean", mean, rows}, {"rstd", rstd, rows}, {"x", x, {rows, cols}}});
    arrays({{"weight", weight, cols}});
    run(stream, layernorm_forward, y, mean, rstd, x, weight, bias, rows, cols, eps, dtype);
  });
}

gatun_status gatun_layernorm_pullback(gatun_stream* stream, void* dx, void* dweight, void* dbias, const void* dy,
                                      const void* x, const void* weight, const void* mean, const void* rstd,
                                      int64_t rows, int64_t cols, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"rows", rows}});
    positive({{"cols", cols}});
    arrays({{"dy", dy, {rows, cols}}, {"x", x, {rows, cols}}, {"mean", mean, rows}, {"rstd", rstd, rows}});
    arrays({{"weight", weight, cols}});
    run(stream, layernorm_pullback, dx, dweight, dbias, dy, x, weight, mean, rstd, rows, cols, fresh, dtype);
  });
}

gatun_status gatun_layernorm_tangent(gatun_stream* stream, void* ty, void* tmean, void* trstd, const void* x,
                                     const void* tx, const void* weight, const void* tweight, const void* tbias,
                                     const void* mean, const void* rstd, int64_t rows, int64_t cols,
                                     gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"rows", rows}});
    positive({{"cols", cols}});
    arrays({{"ty", ty, {rows, cols}}, {"tmean", tmean, rows}, {"trstd", trstd, rows}, {"x", x, {rows, cols}}});
    arrays({{"weight", weight, cols}, {"mean", mean, rows}, {"rstd", rstd, rows}});
    run(stream, layernorm_tangent, ty, tmean, trstd, x, tx, weight, tweight, tbias, mean, rstd, rows, cols, dtype);
  });
}

gatun_status gatun_layernorm_pullback_tangent(gatun_stream* stream, void* tdx, void* tdresidual, void* tdweight,
                                              void* tdbias, const void* tdsum, const void* dy, const void* tdy,
                                              const void* x, const void* tx, const void* weight, const void* tweight,
                                              const void* mean, const void* tmean, const void* rstd, const void* trstd,
                                              int64_t rows, int64_t cols, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"rows", rows}});
    positive({{"cols", cols}});
    arrays({{"dy", dy, {rows, cols}}, {"x", x, {rows, cols}}, {"mean", mean, rows}, {"rstd", rstd, rows}});
    arrays({{"weight", weight, cols}});
    run(stream, layernorm_pullback_tangent, tdx, tdresidual, tdweight, tdbias, tdsum, dy, tdy, x, tx, weight, tweight,
        mean, tmean, rstd, trstd, rows, cols, fresh, dtype);
  });
}
