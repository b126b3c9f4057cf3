#include "door.h"

GATUN_BODY(narrow)

using namespace gatun;

gatun_status gatun_narrow(gatun_stream* stream, void* y, const void* x, int64_t n, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"n", n}});
    arrays({{"y", y, n}, {"x", x, n}});
    run(stream, gatun::narrow, y, x, n, dtype);
  });
}
