// Running estimates of the Hessian's diagonal; gatun.h has the equations. They read 8 and write 4 bytes a weight in
// fp32: a probe is made again from its number, which costs less than reading it.
#include "loops.h"
#include "normal.h"
#include "philox.h"

namespace gatun::GATUN_LEVEL {
namespace {

/// h = beta h + (1 - beta) u * product, u = map(its word).
template <class W, class Map>
void hutchinson(W* h, const W* product, const int64_t* key, int64_t first, int64_t n, double beta, Map map) {
  const W keep = W(beta), blend = W(1.0 - beta);
  over_words<1>(key, first, n, [=](int64_t from, int64_t count, const uint32_t* words) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++)
      h[from + i] = keep * h[from + i] + blend * (W(map(words[i])) * product[from + i]);
  });
}

template <class W> void bartlett(W* h, const W* gradients, int64_t counted, int64_t n, double beta) {
  const W keep = W(beta), blend = W((1.0 - beta) * double(counted));
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
    using W = Wide<T>;
    if (probe == GATUN_SIGNS)
      hutchinson((W*)h, (const W*)product, key, first, n, beta,
                 [](uint32_t word) { return int32_t(word) < 0 ? -1.0f : 1.0f; });
    else
      hutchinson((W*)h, (const W*)product, key, first, n, beta,
                 [](uint32_t word) { return widened(narrowed<T>(W(standard_normal(word)))); });
  });
}

void curvature_bartlett(gatun_stream&, void* h, const void* gradients, const int64_t* counted, int64_t n, double beta,
                        gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using W = Wide<GATUN_ELEMENT(t)>;
    bartlett((W*)h, (const W*)gradients, *counted, n, beta);
  });
}

}  // namespace gatun::GATUN_LEVEL
