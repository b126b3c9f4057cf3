// GELU in its tanh form, x / 2 * (1 + tanh(u)) with u = sqrt(2/pi) * (x + 0.044715 x^3), computed as x / (1 + e^(-2u)):
// the same function with one exponential, and without the cancellation of 1 + tanh for negative x.
#pragma once
#include "fast_math.h"

namespace gatun::GATUN_LEVEL {

constexpr double gelu_twice_root = 1.5957691216057308, gelu_cubic = 0.044715;

/// e^(-2u).
template <class T> inline T gelu_decay(T x) {
  return fast_exp(x * (T(-gelu_twice_root) - T(gelu_twice_root * gelu_cubic) * (x * x)));
}

template <class T> inline T gelu(T x) { return x / (1 + gelu_decay(x)); }

/// The derivative. Past |x| = 10 it is 0 or 1 to all digits; stopping there keeps the powers finite.
template <class T> inline T gelu_slope(T x) {
  const T above = x < T(-10) ? T(-10) : x, inside = above > T(10) ? T(10) : above;
  const T decay = gelu_decay(inside), sigmoid = 1 / (1 + decay);
  const T rate = T(gelu_twice_root) + T(3 * gelu_twice_root * gelu_cubic) * (inside * inside);
  return sigmoid + inside * rate * (decay * sigmoid) * sigmoid;
}

/// The second derivative, with the same bound.
template <class T> inline T gelu_bend(T x) {
  const T above = x < T(-10) ? T(-10) : x, inside = above > T(10) ? T(10) : above;
  const T decay = gelu_decay(inside), sigmoid = 1 / (1 + decay), bell = (decay * sigmoid) * sigmoid;
  const T rate = T(gelu_twice_root) + T(3 * gelu_twice_root * gelu_cubic) * (inside * inside);
  const T rise = T(6 * gelu_twice_root * gelu_cubic) * inside;
  return bell * (2 * rate + inside * ((1 - 2 * sigmoid) * (rate * rate) + rise));
}

}  // namespace gatun::GATUN_LEVEL
