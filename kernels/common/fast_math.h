// exp, tanh and log of floats in plain arithmetic, without branches, so that loops over them vectorise; about 2 ulp.
// Doubles go to the C library. Not named math.h: that name would hide the system's.
#pragma once
#include "body.h"

namespace gatun::GATUN_LEVEL {

/// x = n ln 2 + r with integer n and |r| <= ln(2) / 2.
struct Reduced {
  int32_t n;
  float r;
};

/// Adding 1.5 * 2^23 leaves the rounded integer in the low bits of the sum.
inline Reduced reduce_by_ln2(float x) {
  constexpr float shifter = 12582912.0f, high = 0.693145752f, low = 1.42860677e-6f;
  const float shifted = x * 1.44269504f + shifter;
  const float n = shifted - shifter;
  return {__builtin_bit_cast(int32_t, shifted) - __builtin_bit_cast(int32_t, shifter), x - n * high - n * low};
}

/// e^r - 1 for |r| <= ln(2) / 2, to relative accuracy.
inline float reduced_expm1(float r) {
  float p = 1.98412698e-4f;
  p = p * r + 1.38888889e-3f;
  p = p * r + 8.33333333e-3f;
  p = p * r + 4.16666667e-2f;
  p = p * r + 1.66666667e-1f;
  p = p * r + 0.5f;
  return p * r * r + r;
}

/// 2^n for -126 <= n <= 127.
inline float power_of_two(int32_t n) { return __builtin_bit_cast(float, (n + 127) << 23); }

/// The comparisons let NaN pass. 2^n is multiplied in two steps, so that results below the normal numbers come out too.
inline float fast_exp(float x) {
  const float below = x > 89.0f ? 89.0f : x, inside = below < -104.0f ? -104.0f : below;
  const auto [n, r] = reduce_by_ln2(inside);
  const int32_t half = n >> 1;
  return (reduced_expm1(r) + 1.0f) * power_of_two(half) * power_of_two(n - half);
}

/// u / (u + 2) with u = e^(2|x|) - 1, which keeps small x exact.
inline float fast_tanh(float x) {
  const float twice = 2.0f * __builtin_fabsf(x), inside = twice > 20.0f ? 20.0f : twice;
  const auto [n, r] = reduce_by_ln2(inside);
  const float scale = power_of_two(n), u = scale * reduced_expm1(r) + (scale - 1.0f);
  return __builtin_copysignf(u / (u + 2.0f), x);
}

/// x = 2^n m with sqrt(1/2) <= m < sqrt(2), and log(1 + f) by a polynomial in f = m - 1.
inline float fast_log(float x) {
  constexpr uint32_t root_of_half = 0x3f3504f3;
  const bool tiny = x < 1.17549435e-38f;
  const uint32_t bits = __builtin_bit_cast(uint32_t, tiny ? x * 8388608.0f : x);
  const int32_t exponent = int32_t(bits - root_of_half) >> 23;
  const float f = __builtin_bit_cast(float, bits - (uint32_t(exponent) << 23)) - 1.0f;
  const float n = float(exponent) - (tiny ? 23.0f : 0.0f);
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  const float tail = p * f * f * f + n * -2.12194440e-4f - 0.5f * f * f;
  const float value = tail + f + n * 0.693359375f;
  const float finite = x < __builtin_inff() ? value : x;
  return x > 0.0f ? finite : x == 0.0f ? -__builtin_inff() : __builtin_nanf("");
}

inline double fast_exp(double x) { return exp(x); }
inline double fast_tanh(double x) { return tanh(x); }
inline double fast_log(double x) { return log(x); }

}  // namespace gatun::GATUN_LEVEL
