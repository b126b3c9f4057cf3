// norm = sqrt(sum of x^2). Reads n; bound by memory. The square of a float is exact in a double and cannot overflow it;
// a device converts and adds fast enough that the sum in doubles still waits for the memory.
#include <cmath>

#include "sums.cuh"

namespace gatun {
namespace {

struct SquareInDouble {
  template <class W> GATUN_DEVICE double operator()(W x) const { return double(x) * double(x); }
};

template <class W> struct Root {
  W* norm;
  GATUN_DEVICE void operator()(int64_t, double sum) const { store(norm, W(std::sqrt(sum))); }
};

template <class W> void norm_of(gatun_stream& stream, W* norm, const W* x, int64_t n) {
  sums::lines<double>(stream, loops::Sources<W, 1>{{x}}, {1, n, 1, n, n}, SquareInDouble{}, Root<W>{norm});
}

}  // namespace

void global_norm(gatun_stream& stream, void* norm, const void* x, int64_t n, gatun_dtype dtype) {
  if (dtype == GATUN_F64)
    norm_of(stream, (double*)norm, (const double*)x, n);
  else
    norm_of(stream, (float*)norm, (const float*)x, n);
}

}  // namespace gatun
