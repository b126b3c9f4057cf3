// The sizes of GPT-2 that the benches walk through.
#pragma once
#include <cstdint>

struct Size {
  const char* name;
  int64_t layers, heads, head_size, context, batch, vocab, stride;

  int64_t width() const { return heads * head_size; }
  int64_t rows() const { return batch * context; }
  int64_t matrices() const { return (stride + context) * width() + layers * 12 * width() * width(); }
  int64_t vectors() const { return (layers * 13 + 2) * width(); }

  /// Of loss and gradient, counted as is usual: 6 a parameter and token, and 6 layers * width * context a token for
  /// causal attention.
  double flops() const {
    const auto parameters = static_cast<double>(matrices() + vectors());
    return (6 * parameters + 6.0 * static_cast<double>(layers * width() * context)) * static_cast<double>(rows());
  }
};

inline constexpr Size tiny_gpt2 = {"tiny", 2, 2, 32, 33, 2, 67, 72};
