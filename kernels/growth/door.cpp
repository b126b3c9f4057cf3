#include "door.h"

GATUN_BODY(layer_mix_forward)
GATUN_BODY(layer_mix_pullback)

using namespace gatun;

gatun_status gatun_layer_mix_forward(gatun_stream* stream, void* y, const void* w, const void* x, int64_t large,
                                     int64_t small, int64_t n, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    positive({{"large", large}, {"small", small}});
    sizes({{"n", n}});
    arrays({{"y", y, {large, n}}, {"w", w, {large, small}}, {"x", x, {small, n}}});
    run(stream, layer_mix_forward, y, w, x, large, small, n, dtype);
  });
}

gatun_status gatun_layer_mix_pullback(gatun_stream* stream, void* dw, void* dx, const void* dy, const void* w,
                                      const void* x, int64_t large, int64_t small, int64_t n, int32_t fresh,
                                      gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    positive({{"large", large}, {"small", small}});
    sizes({{"n", n}});
    arrays({{"dy", dy, {large, n}}, {"w", w, {large, small}}, {"x", x, {small, n}}});
    run(stream, layer_mix_pullback, dw, dx, dy, w, x, large, small, n, fresh, dtype);
  });
}
