// Philox numbers as normals, uniforms and signs. Writes n; bound by arithmetic: ten rounds of Philox make four words.
// Which words an element takes depends on its place in the sequence alone: element i of a normal, a sign or an fp32
// uniform takes word i; of an fp64 uniform words 2i (high half) and 2i + 1. A normal in fp64 is the fp32 one, widened
// before it is scaled: a model begun in fp64 has the weights of its fp32 twin.
#include "body.h"
#include "normal.h"
#include "philox.h"

namespace gatun::GATUN_LEVEL {
namespace {

/// x[i] = map(the words of element first + i).
template <int words_each, class T, class Map> void fill(T* x, const int64_t* key, int64_t first, int64_t n, Map map) {
  over_words<words_each>(key, first, n, [=](int64_t from, int64_t count, const uint32_t* words) {
    T* const to = x + from;
#pragma omp simd
    for (int64_t i = 0; i < count; i++) to[i] = map(words + i * words_each);
  });
}

inline float scale_and_shift(float z, float scale, float shift) { return __builtin_fmaf(z, scale, shift); }
inline double scale_and_shift(double z, double scale, double shift) { return __builtin_fma(z, scale, shift); }

template <class T> void normal(T* x, const int64_t* key, int64_t first, int64_t n, double mean, double deviation) {
  const T scale = T(deviation), shift = T(mean);
  fill<1>(x, key, first, n,
          [=](const uint32_t* word) { return scale_and_shift(T(standard_normal(*word)), scale, shift); });
}

/// Steps of 2^-24. Rounding may reach `high`, which is then replaced by the number below it.
void uniform(float* x, const int64_t* key, int64_t first, int64_t n, double low, double high) {
  const float start = float(low), end = float(high), range = end - start, last = nextafterf(end, start);
  fill<1>(x, key, first, n, [=](const uint32_t* word) {
    const float value = __builtin_fmaf(float(int32_t(*word >> 8)), range * 0x1p-24f, start);
    return value < end ? value : last;
  });
}

void uniform(double* x, const int64_t* key, int64_t first, int64_t n, double low, double high) {
  const double range = high - low, last = nextafter(high, low);
  fill<2>(x, key, first, n, [=](const uint32_t* word) {
    const double value = __builtin_fma(share_of(word), range, low);
    return value < high ? value : last;
  });
}

template <class T> void sign(T* x, const int64_t* key, int64_t first, int64_t n) {
  fill<1>(x, key, first, n, [](const uint32_t* word) { return int32_t(*word) < 0 ? T(-1) : T(1); });
}

}  // namespace

void random_normal(gatun_stream&, void* x, const int64_t* key, int64_t first, int64_t n, double mean, double deviation,
                   gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) { normal((GATUN_ELEMENT(t)*)x, key, first, n, mean, deviation); });
}

void random_uniform(gatun_stream&, void* x, const int64_t* key, int64_t first, int64_t n, double low, double high,
                    gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) { uniform((GATUN_ELEMENT(t)*)x, key, first, n, low, high); });
}

void random_sign(gatun_stream&, void* x, const int64_t* key, int64_t first, int64_t n, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) { sign((GATUN_ELEMENT(t)*)x, key, first, n); });
}

}  // namespace gatun::GATUN_LEVEL
