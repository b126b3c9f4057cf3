// A standard normal out of 32 random bits by the inverse of its distribution, on a device: the same operations in the
// same order as on the CPU (normal.h says where they come from), so the same bits.
// Trap: every operation rounds once, as written; a multiplication and an addition that the compiler fused would round
// once for both.
#pragma once
#include "device.cuh"

namespace gatun {

/// -log(a) for normal positive a: a = 2^exponent * mantissa, the mantissa between sqrt(1/2) and sqrt(2).
GATUN_DEVICE float minus_log(float a) {
  int32_t bits;
  memcpy(&bits, &a, 4);
  const int32_t exponent = (bits - 0x3f3504f3) >> 23, mantissa_bits = bits - exponent * (1 << 23);
  float mantissa;
  memcpy(&mantissa, &mantissa_bits, 4);
  const float f = difference(mantissa, 1.0f);
  float p = 0.0763859227f;
  p = fused(p, f, -0.129141703f);
  p = fused(p, f, 0.132408425f);
  p = fused(p, f, -0.141800791f);
  p = fused(p, f, 0.166091263f);
  p = fused(p, f, -0.200020716f);
  p = fused(p, f, 0.250015855f);
  p = fused(p, f, -0.333333254f);
  p = fused(p, f, 0.499999881f);
  p = fused(p, f, -1.0f);
  return fused(static_cast<float>(exponent), -0.693147182f, product(f, p));
}

GATUN_DEVICE float slope_near(float w) {
  const float t = difference(w, 2.5f);
  float p = -1.23599877e-08f;
  p = fused(p, t, 3.29311582e-08f);
  p = fused(p, t, 6.5821564e-07f);
  p = fused(p, t, -4.89792546e-06f);
  p = fused(p, t, -7.01413637e-06f);
  p = fused(p, t, 0.000308789167f);
  p = fused(p, t, -0.00177165377f);
  p = fused(p, t, -0.00590772135f);
  p = fused(p, t, 0.34880203f);
  return fused(p, t, 2.12331343f);
}

GATUN_DEVICE float slope_far(float root) {
  const float t = difference(root, 3.5f);
  float p = 5.11755607e-05f;
  p = fused(p, t, 2.28230874e-05f);
  p = fused(p, t, -0.00041989825f);
  p = fused(p, t, 0.000726339582f);
  p = fused(p, t, -0.000884873385f);
  p = fused(p, t, 0.00148431188f);
  p = fused(p, t, -0.00294105429f);
  p = fused(p, t, 0.00464568706f);
  p = fused(p, t, 1.4246366f);
  return fused(p, t, 4.7170887f);
}

/// x and 1 - x are both made from the integer, so that neither the middle nor the tail loses bits.
GATUN_DEVICE float standard_normal(uint32_t word) {
  constexpr float step = 0x1p-31f, half_step = 0x1p-32f;
  const int32_t steps = static_cast<int32_t>(word & 0x7fffffffu);
  const float x = fused(static_cast<float>(steps), step, half_step);
  const float rest = fused(static_cast<float>(0x7fffffff - steps), step, half_step);
  const float w = minus_log(product(rest, difference(2.0f, rest)));
  const float z = product(x, w < 5.0f ? slope_near(w) : slope_far(root(w)));
  return static_cast<int32_t>(word) < 0 ? -z : z;
}

}  // namespace gatun
