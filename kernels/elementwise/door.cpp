#include "door.h"

GATUN_BODY(unary_forward)
GATUN_BODY(unary_pullback)
GATUN_BODY(unary_pullback_tangent)
GATUN_BODY(binary_forward)
GATUN_BODY(binary_pullback)

using namespace gatun;

gatun_status gatun_unary_forward(gatun_stream* stream, void* y, const void* x, int64_t n, double alpha,
                                 gatun_unary kind, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    one_of("kind", kind, GATUN_GELU + 1);
    sizes({{"n", n}});
    arrays({{"y", y, n}, {"x", x, n}});
    run(stream, unary_forward, y, x, n, alpha, kind, dtype);
  });
}

gatun_status gatun_unary_pullback(gatun_stream* stream, void* dx, const void* dy, const void* x, int64_t n,
                                  double alpha, gatun_unary kind, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    one_of("kind", kind, GATUN_GELU + 1);
    sizes({{"n", n}});
    arrays({{"dx", dx, n}, {"dy", dy, n}, {"x", x, n}});
    run(stream, unary_pullback, dx, dy, x, n, alpha, kind, fresh, dtype);
  });
}

gatun_status gatun_unary_pullback_tangent(gatun_stream* stream, void* tdx, const void* dy, const void* tdy,
                                          const void* x, const void* tx, int64_t n, double alpha, gatun_unary kind,
                                          int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    one_of("kind", kind, GATUN_GELU + 1);
    sizes({{"n", n}});
    arrays({{"tdx", tdx, n}, {"dy", dy, n}, {"x", x, n}});
    run(stream, unary_pullback_tangent, tdx, dy, tdy, x, tx, n, alpha, kind, fresh, dtype);
  });
}

gatun_status gatun_binary_forward(gatun_stream* stream, void* y, const void* a, const void* b, int64_t outer,
                                  int64_t middle, int64_t inner, gatun_binary kind, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    one_of("kind", kind, GATUN_REVERSE_DIVIDE + 1);
    sizes({{"outer", outer}, {"middle", middle}, {"inner", inner}});
    arrays({{"y", y, {outer, middle, inner}}, {"a", a, {outer, middle, inner}}, {"b", b, middle}});
    run(stream, binary_forward, y, a, b, outer, middle, inner, kind, dtype);
  });
}

gatun_status gatun_binary_pullback(gatun_stream* stream, void* da, void* db, const void* dy, const void* a,
                                   const void* b, int64_t outer, int64_t middle, int64_t inner, gatun_binary kind,
                                   int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    one_of("kind", kind, GATUN_REVERSE_DIVIDE + 1);
    sizes({{"outer", outer}, {"middle", middle}, {"inner", inner}});
    arrays({{"dy", dy, {outer, middle, inner}}, {"a", a, {outer, middle, inner}}, {"b", b, middle}});
    run(stream, binary_pullback, da, db, dy, a, b, outer, middle, inner, kind, fresh, dtype);
  });
}
