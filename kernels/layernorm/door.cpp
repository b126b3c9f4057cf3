#include "door.h"

GATUN_BODY(layernorm_forward)
GATUN_BODY(layernorm_pullback)

using namespace gatun;

gatun_status gatun_layernorm_forward(gatun_stream* stream, void* y, void* mean, void* rstd, const void* x,
                                     const void* weight, const void* bias, int64_t rows, int64_t cols, double eps,
                                     gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"rows", rows}});
    positive({{"cols", cols}});
    arrays({{"y", y, rows * cols}, {"mean", mean, rows}, {"rstd", rstd, rows}, {"x", x, rows * cols}});
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
    arrays({{"dy", dy, rows * cols}, {"x", x, rows * cols}, {"mean", mean, rows}, {"rstd", rstd, rows}});
    arrays({{"weight", weight, cols}});
    run(stream, layernorm_pullback, dx, dweight, dbias, dy, x, weight, mean, rstd, rows, cols, fresh, dtype);
  });
}
