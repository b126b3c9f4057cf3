// Element types on the CPU. T is what an array holds (float, double, bf16), Wide<T> what its arithmetic, its statistics
// and the gradients of its parameters are: float, double, float.
#pragma once
#include <stdint.h>

namespace gatun::GATUN_LEVEL {

/// The upper half of a float.
struct bf16 {
  uint16_t bits;
};

template <class T> struct WideOf { using type = T; };
template <> struct WideOf<bf16> { using type = float; };
template <class T> using Wide = typename WideOf<T>::type;

/// Whether an element holds what is computed as it is.
template <class T> constexpr bool holds_wide = sizeof(T) == sizeof(Wide<T>);

inline float widened(bf16 x) { return __builtin_bit_cast(float, uint32_t(x.bits) << 16); }
inline float widened(float x) { return x; }
inline double widened(double x) { return x; }

/// Rounded to nearest, ties to even; what is no number stays none.
inline uint16_t upper_half(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x), even = (bits >> 16) & 1;
  const uint32_t rounded = (bits + 0x7fff + even) >> 16, quiet = (bits >> 16) | 0x40;
  return uint16_t(x == x ? rounded : quiet);
}

template <class T> inline T narrowed(Wide<T> x) { return x; }
template <> inline bf16 narrowed<bf16>(float x) { return {upper_half(x)}; }

}  // namespace gatun::GATUN_LEVEL
