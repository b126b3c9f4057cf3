// x[i] = value. Bound by memory: writes n.
#include "loops.h"

namespace gatun::GATUN_LEVEL {

void fill(gatun_stream&, void* x, int64_t n, double value, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    in_pieces(n, [x = (T*)x, value = Wide<T>(value)](int64_t from, int64_t to) {
#pragma omp simd
      for (int64_t i = from; i < to; i++) x[i] = narrowed<T>(value);
    });
  });
}

}  // namespace gatun::GATUN_LEVEL
