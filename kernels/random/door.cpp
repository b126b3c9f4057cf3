#include "door.h"

#include <cmath>

GATUN_BODY(random_normal)
GATUN_BODY(random_uniform)
GATUN_BODY(random_sign)

using namespace gatun;

namespace {

void sequence(const void* x, const int64_t* key, int64_t first, int64_t n) {
  not_negative({{"first", first}});
  sizes({{"n", n}});
  require(first <= INT64_MAX - n, "first + n is above 2^63 - 1: first is ", first, ", n is ", n);
  arrays({{"x", x, n}, {"key", key, 2}});
}

/// What the dtype holds of a number.
double held(double value, gatun_dtype dtype) { return dtype == GATUN_F32 ? double(float(value)) : value; }

void finite(const char* name, double value, gatun_dtype dtype) {
  require(std::isfinite(held(value, dtype)), name, " is ", value, "; it must be finite in the dtype");
}

}  // namespace

gatun_status gatun_random_normal(gatun_stream* stream, void* x, const int64_t* key, int64_t first, int64_t n,
                                 double mean, double deviation, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sequence(x, key, first, n);
    finite("mean", mean, dtype);
    finite("deviation", deviation, dtype);
    require(deviation >= 0, "deviation is ", deviation, "; it must not be negative");
    run(stream, random_normal, x, key, first, n, mean, deviation, dtype);
  });
}

gatun_status gatun_random_uniform(gatun_stream* stream, void* x, const int64_t* key, int64_t first, int64_t n,
                                  double low, double high, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sequence(x, key, first, n);
    finite("low", low, dtype);
    finite("high", high, dtype);
    finite("high - low", held(high, dtype) - held(low, dtype), dtype);
    require(held(low, dtype) < held(high, dtype), "low is ", low, ", high is ", high,
            "; low must be below high in the dtype");
    run(stream, random_uniform, x, key, first, n, low, high, dtype);
  });
}

gatun_status gatun_random_sign(gatun_stream* stream, void* x, const int64_t* key, int64_t first, int64_t n,
                               gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sequence(x, key, first, n);
    run(stream, random_sign, x, key, first, n, dtype);
  });
}
