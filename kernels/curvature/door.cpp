#include "optimizer_door.h"

GATUN_BODY(curvature_hutchinson)
GATUN_BODY(curvature_bartlett)

using namespace gatun;

gatun_status gatun_curvature_hutchinson(gatun_stream* stream, void* h, const void* product, const int64_t* key,
                                        int64_t first, int64_t n, double beta, gatun_probe probe, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    one_of("probe", probe, 2);
    not_negative({{"first", first}});
    sizes({{"n", n}});
    require(first <= INT64_MAX - n, "first + n is above 2^63 - 1: first is ", first, ", n is ", n);
    arrays({{"h", h, n}, {"product", product, n}, {"key", key, 2}});
    inside_the_unit("beta", beta);
    run(stream, curvature_hutchinson, h, product, key, first, n, beta, probe, dtype);
  });
}

gatun_status gatun_curvature_bartlett(gatun_stream* stream, void* h, const void* gradients, const int64_t* counted,
                                      int64_t n, double beta, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"n", n}});
    arrays({{"h", h, n}, {"gradients", gradients, n}, {"counted", counted, 1}});
    require_range(stream, "counted", counted, 1, 0, std::numeric_limits<int64_t>::max());
    inside_the_unit("beta", beta);
    run(stream, curvature_bartlett, h, gradients, counted, n, beta, dtype);
  });
}
