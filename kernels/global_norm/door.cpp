#include "door.h"

GATUN_BODY(global_norm)

using namespace gatun;

gatun_status gatun_global_norm(gatun_stream* stream, void* norm, const void* x, int64_t n, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"n", n}});
    arrays({{"norm", norm, 1}, {"x", x, n}});
    run(stream, global_norm, norm, x, n, dtype);
  });
}
