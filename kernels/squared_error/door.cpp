#include "door.h"

GATUN_BODY(squared_error_forward)
GATUN_BODY(squared_error_pullback)
GATUN_BODY(squared_error_tangent)

using namespace gatun;

gatun_status gatun_squared_error_forward(gatun_stream* stream, gatun_wide* loss, const void* prediction,
                                         const void* target, int64_t n, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    positive({{"n", n}});
    arrays({{"loss", loss, 1}, {"prediction", prediction, n}, {"target", target, n}});
    run(stream, squared_error_forward, loss, prediction, target, n, dtype);
  });
}

gatun_status gatun_squared_error_pullback(gatun_stream* stream, void* dprediction, void* dtarget,
                                          const gatun_wide* dloss, const void* prediction, const void* target,
                                          int64_t n, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    positive({{"n", n}});
    arrays({{"dloss", dloss, 1}, {"prediction", prediction, n}, {"target", target, n}});
    run(stream, squared_error_pullback, dprediction, dtarget, dloss, prediction, target, n, fresh, dtype);
  });
}

gatun_status gatun_squared_error_tangent(gatun_stream* stream, gatun_wide* tloss, const void* prediction,
                                         const void* tprediction, const void* target, const void* ttarget, int64_t n,
                                         gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    positive({{"n", n}});
    arrays({{"tloss", tloss, 1}, {"prediction", prediction, n}, {"target", target, n}});
    run(stream, squared_error_tangent, tloss, prediction, tprediction, target, ttarget, n, dtype);
  });
}
