#include "door.h"

GATUN_BODY(reduce_forward)
GATUN_BODY(reduce_pullback)

using namespace gatun;

namespace {

void check_shape(int64_t outer, int64_t middle, int64_t inner, gatun_reduction kind) {
  one_of("kind", kind, GATUN_MEAN + 1);
  sizes({{"outer", outer}, {"middle", middle}, {"inner", inner}});
  require(kind == GATUN_SUM || middle > 0, "middle is 0; there is no mean of nothing");
}

}  // namespace

gatun_status gatun_reduce_forward(gatun_stream* stream, void* y, const void* x, int64_t outer, int64_t middle,
                                  int64_t inner, gatun_reduction kind, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_shape(outer, middle, inner, kind);
    arrays({{"y", y, {outer, inner}}, {"x", x, {outer, middle, inner}}});
    run(stream, reduce_forward, y, x, outer, middle, inner, kind, dtype);
  });
}

gatun_status gatun_reduce_pullback(gatun_stream* stream, void* dx, const void* dy, int64_t outer, int64_t middle,
                                   int64_t inner, gatun_reduction kind, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_shape(outer, middle, inner, kind);
    arrays({{"dx", dx, {outer, middle, inner}}, {"dy", dy, {outer, inner}}});
    if (middle == 1) {  // no sum, but one run: so arrays are added
      inner *= outer;
      outer = 1;
    }
    run(stream, reduce_pullback, dx, dy, outer, middle, inner, kind, fresh, dtype);
  });
}
