// Running estimates of the Hessian's diagonal; gatun.h has the equations. They read 8 and write 4 bytes a weight in
// fp32: a probe is made again from its number, which costs less than reading it.
#include "loops.h"
#include "normal.h"
#include "philox.h"

namespace gatun::GATUN_LEVEL {
namespace {

/// h = beta h + (1 - beta) u * product, u = map(its word).
template <class T, class Map>
void hutchinson(T* h, const T* product, const int64_t* key, int64_t first, int64_t n, double beta, Map map) {
  const T keep = T(beta), blend = T(1.0 - beta);
  over_words<1>(key, first, n, [=](int64_t from, int64_t count, const uint32_t* words) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++)
      h[from + i] = keep * h[from + i] + blend * (T(map(words[i])) * product[from + i]);
  });
}

template <class T> void bartlett(T* h, const T* gradients, int64_t counted, int64_t n, double beta) {
  const T keep = T(beta), blend = T((1.0 - beta) * double(counted));
  in_pieces(n, [=](int64_t from, int64_t to) {
#pragma omp simd
    for (int64_t i = from; i < to; i++) h[i] = keep * h[i] + blend * (gradients[i] * gradients[i]);
  });
}

}  // namespace

void curvature_hutchinson(gatun_stream&, void* h, const void* product, const int64_t* key, int64_t first, int64_t n,
                          double beta, gatun_probe probe, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    if (probe == GATUN_SIGNS)
      hutchinson((T*)h, (const T*)product, key, first, n, beta,
                 [](uint32_t word) { return int32_t(word) < 0 ? -1.0f : 1.0f; });
    else
      hutchinson((T*)h, (const T*)product, key, first, n, beta, [](uint32_t word) { return standard_normal(word); });
  });
}

void curvature_bartlett(gatun_stream&, void* h, const void* gradients, const int64_t* counted, int64_t n, double beta,
                        gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    bartlett((T*)h, (const T*)gradients, *counted, n, beta);
  });
}

}  // namespace gatun::GATUN_LEVEL
