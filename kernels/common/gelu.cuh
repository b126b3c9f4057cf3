// GELU on a device, in its tanh form: x / 2 * (1 + tanh(u)) with u = sqrt(2/pi) * (x + 0.044715 x^3), computed as
// x / (1 + e^(-2u)): the same function with one exponential, and without the cancellation of 1 + tanh for negative x.
#pragma once
#include "device.cuh"

namespace gatun {

constexpr double gelu_twice_root = 1.5957691216057308, gelu_cubic = 0.044715;

/// e^(-2u).
template <class W> GATUN_DEVICE W gelu_decay(W x) {
  return exp(x * (W(-gelu_twice_root) - W(gelu_twice_root * gelu_cubic) * (x * x)));
}

template <class W> GATUN_DEVICE W gelu(W x) { return x / (1 + gelu_decay(x)); }

/// The derivative. Past |x| = 10 it is 0 or 1 to all digits; stopping there keeps the powers finite.
template <class W> GATUN_DEVICE W gelu_slope(W x) {
  const W above = x < W(-10) ? W(-10) : x, inside = above > W(10) ? W(10) : above;
  const W decay = gelu_decay(inside), sigmoid = 1 / (1 + decay);
  const W rate = W(gelu_twice_root) + W(3 * gelu_twice_root * gelu_cubic) * (inside * inside);
  return sigmoid + inside * rate * (decay * sigmoid) * sigmoid;
}

/// The second derivative, with the same bound.
template <class W> GATUN_DEVICE W gelu_bend(W x) {
  const W above = x < W(-10) ? W(-10) : x, inside = above > W(10) ? W(10) : above;
  const W decay = gelu_decay(inside), sigmoid = 1 / (1 + decay), bell = (decay * sigmoid) * sigmoid;
  const W rate = W(gelu_twice_root) + W(3 * gelu_twice_root * gelu_cubic) * (inside * inside);
  const W rise = W(6 * gelu_twice_root * gelu_cubic) * inside;
  return bell * (2 * rate + inside * ((1 - 2 * sigmoid) * (rate * rate) + rise));
}

}  // namespace gatun
