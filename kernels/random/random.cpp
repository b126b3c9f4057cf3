// Philox numbers as normals, uniforms and signs. Writes n; bound by arithmetic: ten rounds of Philox make four words.
// Which words an element takes depends on its place in the sequence alone: element i of a normal, a sign or an fp32
// uniform takes word i; of an fp64 uniform words 2i (high half) and 2i + 1. A normal in fp64 is the fp32 one, widened
// before it is scaled: a model begun in fp64 has the weights of its fp32 twin. In bf16 they are the fp32 numbers,
// rounded.
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
  const Wide<T> scale = Wide<T>(deviation), shift = Wide<T>(mean);
  fill<1>(x, key, first, n, [=](const uint32_t* word) {
    return narrowed<T>(scale_and_shift(Wide<T>(standard_normal(*word)), scale, shift));
  });
}

/// Steps of 2^-24 from `start`.
inline float step_of_24_bits(uint32_t word, float start, float range) {
  return __builtin_fmaf(float(int32_t(word >> 8)), range * 0x1p-24f, start);
}

/// Rounding may reach `high`, which is then replaced by the number below it.
void uniform(float* x, const int64_t* key, int64_t first, int64_t n, double low, double high) {
  const float start = float(low), end = float(high), range = end - start, last = nextafterf(end, start);
  fill<1>(x, key, first, n, [=](const uint32_t* word) {
    const float value = step_of_24_bits(*word, start, range);
    return value < end ? value : last;
  });
}

/// The largest below x.
inline bf16 below(bf16 x) {
  constexpr uint16_t sign = 0x8000, smallest = 1;
  if ((x.bits & 0x7fff) == 0) return {sign | smallest};
  return {uint16_t(x.bits & sign ? x.bits + 1 : x.bits - 1)};
}

/// The same between two numbers that bf16 holds; `low` where fp32 rounds up to `high` by itself.
void uniform(bf16* x, const int64_t* key, int64_t first, int64_t n, double low, double high) {
  const bf16 lowest = narrowed<bf16>(float(low)), bound = narrowed<bf16>(float(high));
  const float start = widened(lowest), end = widened(bound), range = end - start;
  const bf16 last = start < end ? below(bound) : lowest;
  fill<1>(x, key, first, n, [=](const uint32_t* word) {
    const float unrounded = step_of_24_bits(*word, start, range);
    const bf16 value = narrowed<bf16>(unrounded < end ? unrounded : start);
    return bf16{widened(value) < end ? value.bits : last.bits};
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
  fill<1>(x, key, first, n,
          [](const uint32_t* word) { return narrowed<T>(int32_t(*word) < 0 ? Wide<T>(-1) : Wide<T>(1)); });
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
