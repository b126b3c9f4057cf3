#include "door.h"

GATUN_BODY(fill)

using namespace gatun;

gatun_status gatun_fill(gatun_stream* stream, void* x, int64_t n, double value, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"n", n}});
    arrays({{"x", x, n}});
    run(stream, gatun::fill, x, n, value, dtype);
  });
}
