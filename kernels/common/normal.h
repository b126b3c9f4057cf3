// A standard normal out of 32 random bits by the inverse of its distribution: the top bit is the sign, the other 31 say
// how far x = erf(|z| / sqrt 2) is on its way from 0 to 1. With w = -log(1 - x^2), z = x * near(w) up to w = 5 and
// z = x * far(sqrt w) behind it (the form of Giles 2010; coefficients fitted here, at Chebyshev nodes, up to the last
// of the 2^31 steps, |z| = 6.3). Relative error below 3e-7.
// Trap: the bits must be the same on every machine and backend. Every operation here rounds once, as written: the file
// is compiled without contraction and calls fma by name; log is ours, square root is exact by IEEE 754.
#pragma once
#include "body.h"

namespace gatun::GATUN_LEVEL {

/// -log(a) for normal positive a: a = 2^exponent * mantissa, the mantissa between sqrt(1/2) and sqrt(2).
inline float minus_log(float a) {
  const int32_t bits = __builtin_bit_cast(int32_t, a);
  const int32_t exponent = (bits - 0x3f3504f3) >> 23;
  const float f = __builtin_bit_cast(float, int32_t(bits - exponent * (1 << 23))) - 1.0f;
  float p = 0.0763859227f;
  p = __builtin_fmaf(p, f, -0.129141703f);
  p = __builtin_fmaf(p, f, 0.132408425f);
  p = __builtin_fmaf(p, f, -0.141800791f);
  p = __builtin_fmaf(p, f, 0.166091263f);
  p = __builtin_fmaf(p, f, -0.200020716f);
  p = __builtin_fmaf(p, f, 0.250015855f);
  p = __builtin_fmaf(p, f, -0.333333254f);
  p = __builtin_fmaf(p, f, 0.499999881f);
  p = __builtin_fmaf(p, f, -1.0f);
  return __builtin_fmaf(float(exponent), -0.693147182f, f * p);
}

inline float near(float w) {
  const float t = w - 2.5f;
  float p = -1.23599877e-08f;
  p = __builtin_fmaf(p, t, 3.29311582e-08f);
  p = __builtin_fmaf(p, t, 6.5821564e-07f);
  p = __builtin_fmaf(p, t, -4.89792546e-06f);
  p = __builtin_fmaf(p, t, -7.01413637e-06f);
  p = __builtin_fmaf(p, t, 0.000308789167f);
  p = __builtin_fmaf(p, t, -0.00177165377f);
  p = __builtin_fmaf(p, t, -0.00590772135f);
  p = __builtin_fmaf(p, t, 0.34880203f);
  return __builtin_fmaf(p, t, 2.12331343f);
}

inline float far(float root) {
  const float t = root - 3.5f;
  float p = 5.11755607e-05f;
  p = __builtin_fmaf(p, t, 2.28230874e-05f);
  p = __builtin_fmaf(p, t, -0.00041989825f);
  p = __builtin_fmaf(p, t, 0.000726339582f);
  p = __builtin_fmaf(p, t, -0.000884873385f);
  p = __builtin_fmaf(p, t, 0.00148431188f);
  p = __builtin_fmaf(p, t, -0.00294105429f);
  p = __builtin_fmaf(p, t, 0.00464568706f);
  p = __builtin_fmaf(p, t, 1.4246366f);
  return __builtin_fmaf(p, t, 4.7170887f);
}

/// x and 1 - x are both made from the integer, so that neither the middle nor the tail loses bits.
inline float standard_normal(uint32_t word) {
  const int32_t steps = int32_t(word & 0x7fffffffu);
  const float x = __builtin_fmaf(float(steps), 0x1p-31f, 0x1p-32f);
  const float rest = __builtin_fmaf(float(0x7fffffff - steps), 0x1p-31f, 0x1p-32f);
  const float w = minus_log(rest * (2.0f - rest));
  const float slope_near = near(w), slope_far = far(__builtin_sqrtf(w));
  const float z = x * (w < 5.0f ? slope_near : slope_far);
  return int32_t(word) < 0 ? -z : z;
}

}  // namespace gatun::GATUN_LEVEL
