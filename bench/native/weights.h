// The weights of a GPT-2, with a direction through them and what walks leave of them.
#pragma once
#include "gpt2.h"
#include "measure.h"

/// An array, its tangent, its gradient, and the tangent of that.
struct Array {
  void *value, *tangent, *gradient, *product;
};

/// The matrices, in the type of the products, and the vectors, in fp32; of all a direction and, in fp32, gradients and
/// products.
class Weights {
 public:
  Weights(Memory& memory, const Size& size, gatun_dtype dtype)
      : memory_(memory),
        dtype_(dtype),
        matrices_(size.matrices()),
        vectors_(size.vectors()),
        matrix_weights_(static_cast<char*>(memory.array(matrices_, dtype))),
        matrix_direction_(static_cast<char*>(memory.array(matrices_, dtype))),
        vector_weights_(floats(vectors_)),
        vector_direction_(floats(vectors_)),
        gradients_(floats(matrices_ + vectors_)),
        products_(floats(matrices_ + vectors_)) {
    check(gatun_random_normal(stream, matrix_weights_, memory.scalar<int64_t>({1, 0}), 0, matrices_, 0, 0.02, dtype));
    point(1);
  }

  Array matrix(int64_t elements) {
    const int64_t at = matrices_taken_;
    matrices_taken_ += elements;
    return {matrix_weights_ + at * bytes_of(dtype_), matrix_direction_ + at * bytes_of(dtype_), gradients_ + at,
            products_ + at};
  }
  Array vector(int64_t elements, double value = 0) {
    const int64_t at = vectors_taken_, behind = matrices_ + at;
    vectors_taken_ += elements;
    check(gatun_fill(stream, vector_weights_ + at, elements, value, GATUN_F32));
    return {vector_weights_ + at, vector_direction_ + at, gradients_ + behind, products_ + behind};
  }

  /// The direction becomes random signs.
  void point(int64_t seed) {
    const int64_t* const key = memory_.scalar<int64_t>({seed, 1});
    check(gatun_random_sign(stream, matrix_direction_, key, 0, matrices_, dtype_));
    check(gatun_random_sign(stream, vector_direction_, key, matrices_, vectors_, GATUN_F32));
  }

  /// Along the direction. Weights in bf16 would mostly stay where they are.
  void move(double step) {
    const auto add = [=](void* to, const void* direction, int64_t n, gatun_dtype dtype) {
      check(gatun_unary_pullback(stream, to, direction, direction, n, step, GATUN_SCALE, 0, dtype));
    };
    add(matrix_weights_, matrix_direction_, matrices_, dtype_);
    add(vector_weights_, vector_direction_, vectors_, GATUN_F32);
  }

  std::vector<float> gradients() const { return to_host(gradients_, matrices_ + vectors_, GATUN_F32); }
  std::vector<float> products() const { return to_host(products_, matrices_ + vectors_, GATUN_F32); }
  std::vector<float> direction() const {
    auto all = to_host(matrix_direction_, matrices_, dtype_);
    const auto behind = to_host(vector_direction_, vectors_, GATUN_F32);
    all.insert(all.end(), behind.begin(), behind.end());
    return all;
  }

 private:
  float* floats(int64_t count) { return static_cast<float*>(memory_.array(count, GATUN_F32)); }

  Memory& memory_;
  const gatun_dtype dtype_;
  const int64_t matrices_, vectors_;
  int64_t matrices_taken_ = 0, vectors_taken_ = 0;
  char *matrix_weights_, *matrix_direction_;
  float *vector_weights_, *vector_direction_, *gradients_, *products_;
};
