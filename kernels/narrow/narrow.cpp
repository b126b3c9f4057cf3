// y = x, rounded to the type beside which x's is the wide one. Bound by memory: one read, one write.
#include "loops.h"

namespace gatun::GATUN_LEVEL {

void narrow(gatun_stream&, void* y, const void* x, int64_t n, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    in_pieces(n, [y = (T*)y, x = (const Wide<T>*)x](int64_t from, int64_t to) {
#pragma omp simd
      for (int64_t i = from; i < to; i++) y[i] = narrowed<T>(x[i]);
    });
  });
}

}  // namespace gatun::GATUN_LEVEL
