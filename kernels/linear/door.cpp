#include "door.h"

GATUN_BODY(linear_forward)
GATUN_BODY(linear_pullback)

using namespace gatun;

gatun_status gatun_linear_forward(gatun_stream* stream, void* y, void* pre, const void* x, const void* weight,
                                  const void* bias, int64_t rows, int64_t in, int64_t out, gatun_activation activation,
                                  gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"rows", rows}});
    positive({{"in", in}, {"out", out}});
    one_of("activation", activation, 2);
    require(activation != GATUN_NO_ACTIVATION || !pre, "pre is given, but without an activation it is y");
    arrays({{"y", y, {rows, out}}, {"x", x, {rows, in}}, {"weight", weight, {in, out}}});
    run(stream, linear_forward, y, pre, x, weight, bias, rows, in, out, activation, dtype);
  });
}

gatun_status gatun_linear_pullback(gatun_stream* stream, void* dpre, void* dx, void* dweight, void* dbias,
                                   const void* dy, const void* x, const void* weight, const void* pre,
                                   const void* x_pre, int64_t rows, int64_t in, int64_t out,
                                   gatun_activation activation, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"rows", rows}});
    positive({{"in", in}, {"out", out}});
    one_of("activation", activation, 2);
    arrays({{"dy", dy, {rows, out}}, {"x", x, {rows, in}}, {"weight", weight, {in, out}}});
    if (activation != GATUN_NO_ACTIVATION)
      arrays({{"pre", pre, {rows, out}}, {"dpre", dpre, {rows, out}}});
    else
      require(!pre && !dpre, "without an activation pre and dpre must be null");
    run(stream, linear_pullback, dpre, dx, dweight, dbias, dy, x, weight, pre, x_pre, rows, in, out, activation, fresh,
        dtype);
  });
}
