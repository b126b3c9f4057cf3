// A training step of GPT-2 through gatun.h alone: forward, backward, clipping and AdamW over bf16 weights with fp32
// masters, the whole batch at once. One line of JSON a size, as kernels.cpp prints them, with the tokens of a step.
//
//   gpt2 [--tiny] [124m] [355m]        (both when none is named; --tiny has a size of its own)
//
// Before anything is timed, the loss must begin where that of an untrained model does, and fall.
#include "gpt2.h"

#include <cmath>
#include <set>

#include "measure.h"

namespace {

constexpr gatun_dtype bf16 = GATUN_BF16;
constexpr double eps = 1e-5;

/// A weight matrix or table in bf16, or a vector in fp32, and its gradient in fp32.
struct Parameter {
  void* weights;
  float* gradients;
};

/// Matrices and vectors, each in one array that AdamW meets in one call; the gradients of all in one, for their norm.
class Parameters {
 public:
  Parameters(Memory& memory, const Size& size)
      : matrices_(size.matrices()),
        vectors_(size.vectors()),
        matrix_weights_(static_cast<char*>(memory.array(matrices_, bf16))),
        masters_(floats(memory, matrices_)),
        vector_weights_(floats(memory, vectors_)),
        gradients_(floats(memory, matrices_ + vectors_)),
        m_(floats(memory, matrices_ + vectors_)),
        v_(floats(memory, matrices_ + vectors_)),
        norm_(floats(memory, 1)),
        rate_(memory.scalar<double>({6e-4})) {
    const int64_t* const key = memory.scalar<int64_t>({1, 0});
    check(gatun_random_normal(stream, matrix_weights_, key, 0, matrices_, 0, 0.02, bf16));
    check(gatun_random_normal(stream, masters_, key, 0, matrices_, 0, 0.02, GATUN_F32));
    for (float* state : {m_, v_}) check(gatun_fill(stream, state, matrices_ + vectors_, 0, GATUN_F32));
    std::vector<int64_t> numbers(most_steps);
    for (int64_t i = 0; i < most_steps; i++) numbers[static_cast<size_t>(i)] = i + 1;
    numbers_ = memory.scalar(numbers);
  }

  Parameter matrix(int64_t elements) {
    const int64_t at = matrices_taken_;
    matrices_taken_ += elements;
    return {matrix_weights_ + at * bytes_of(bf16), gradients_ + at};
  }
  Parameter vector(int64_t elements, double value) {
    const int64_t at = vectors_taken_;
    vectors_taken_ += elements;
    check(gatun_fill(stream, vector_weights_ + at, elements, value, GATUN_F32));
    return {vector_weights_ + at, gradients_ + matrices_ + at};
  }
  bool all_taken() const { return matrices_taken_ == matrices_ && vectors_taken_ == vectors_; }

  /// Decays the matrices alone.
  void step() {
    const int64_t* const number = numbers_ + std::min(steps_++, most_steps - 1);
    check(gatun_global_norm(stream, norm_, gradients_, matrices_ + vectors_, GATUN_F32));
    check(gatun_adamw_step(stream, matrix_weights_, masters_, m_, v_, gradients_, rate_, number, norm_, nullptr, 0,
                           matrices_, matrices_, 0.9, 0.95, 1e-8, 0.1, 1, bf16));
    check(gatun_adamw_step(stream, vector_weights_, nullptr, m_ + matrices_, v_ + matrices_, gradients_ + matrices_,
                           rate_, number, norm_, nullptr, 0, vectors_, 0, 0.9, 0.95, 1e-8, 0.1, 1, GATUN_F32));
  }

 private:
  static constexpr int64_t most_steps = 4096;
  static float* floats(Memory& memory, int64_t count) { return static_cast<float*>(memory.array(count, GATUN_F32)); }

  int64_t matrices_, vectors_, matrices_taken_ = 0, vectors_taken_ = 0, steps_ = 0;
  char* matrix_weights_;
  float *masters_, *vector_weights_, *gradients_, *m_, *v_, *norm_;
  double* rate_;
  int64_t* numbers_ = nullptr;
};

/// Both halves of a layer, with what their pullbacks read.
struct Layer {
  Parameter norm, norm_bias, qkv, qkv_bias, mixed, mixed_bias;
  Parameter mlp_norm, mlp_norm_bias, in, in_bias, out, out_bias;
  void *normed, *mean, *rstd, *packed, *heads, *lse, *between;
  void *mlp_normed, *mlp_mean, *mlp_rstd, *pre, *activated, *y;
};

class Gpt2 {
 public:
  Gpt2(Memory& memory, const Size& size) : s_(size), parameters_(memory, size) {
    const int64_t rows = s_.rows(), cols = s_.width(), n = rows * cols;
    const auto activations = [&](int64_t count) { return memory.array(count, bf16); };
    const auto statistics = [&](int64_t count) { return memory.array(count, GATUN_F32); };
    tokens_ = memory.indices(rows, s_.vocab);
    targets_ = memory.indices(rows, s_.vocab);
    token_table_ = parameters_.matrix(s_.stride * cols);
    position_table_ = parameters_.matrix(s_.context * cols);
    x_ = activations(n);
    for (int64_t i = 0; i < s_.layers; i++) {
      const auto matrix = [&](int64_t elements) { return parameters_.matrix(elements * cols * cols); };
      const auto vector = [&](int64_t elements, double value = 0) {
        return parameters_.vector(elements * cols, value);
      };
      layers_.push_back({vector(1, 1),       vector(1),          matrix(3),
                         vector(3),          matrix(1),          vector(1),
                         vector(1, 1),       vector(1),          matrix(4),
                         vector(4),          matrix(4),          vector(1),
                         activations(n),     statistics(rows),   statistics(rows),
                         activations(3 * n), activations(n),     statistics(rows * s_.heads),
                         activations(n),     activations(n),     statistics(rows),
                         statistics(rows),   activations(4 * n), activations(4 * n),
                         activations(n)});
    }
    norm_ = parameters_.vector(cols, 1);
    norm_bias_ = parameters_.vector(cols, 0);
    normed_ = activations(n);
    mean_ = statistics(rows);
    rstd_ = statistics(rows);
    logits_ = activations(rows * s_.stride);
    loss_ = statistics(1);
    lse_ = statistics(rows);
    counted_ = static_cast<int64_t*>(memory.bytes(sizeof(int64_t)));
    one_ = memory.scalar<float>({1});
    for (void*& gradient : gradients_) gradient = activations(n);
    scratch_ = activations(4 * n);
    dnormed_ = activations(n);
    delta_ = statistics(rows * s_.heads);
    if (parameters_.all_taken()) return;
    std::fprintf(stderr, "parameters are not as many as their sum says\n");
    std::exit(1);
  }

  void step() {
    forward();
    backward();
    parameters_.step();
  }

  double loss() const {
    float loss = 0;
    check(gatun_copy_to_host(stream, &loss, loss_, sizeof loss));
    check(gatun_stream_join(stream));
    return loss;
  }

 private:
  double scale() const { return 1 / std::sqrt(static_cast<double>(s_.head_size)); }

  void forward() {
    const int64_t rows = s_.rows(), cols = s_.width();
    check(gatun_embedding_forward(stream, x_, token_table_.weights, position_table_.weights, tokens_, nullptr, s_.batch,
                                  s_.context, cols, s_.vocab, s_.context, bf16));
    const void* x = x_;
    for (const auto& l : layers_) {
      check(gatun_attention_block_forward(stream, l.between, l.normed, l.mean, l.rstd, l.packed, l.heads, l.lse, x,
                                          l.norm.weights, l.qkv.weights, l.mixed.weights, l.norm_bias.weights,
                                          l.qkv_bias.weights, l.mixed_bias.weights, nullptr, s_.batch, s_.context,
                                          s_.heads, s_.head_size, 0, eps, scale(), 1, bf16));
      check(gatun_mlp_forward(stream, l.y, l.mlp_normed, l.mlp_mean, l.mlp_rstd, l.pre, l.activated, l.between,
                              l.mlp_norm.weights, l.in.weights, l.out.weights, l.mlp_norm_bias.weights,
                              l.in_bias.weights, l.out_bias.weights, rows, cols, 4 * cols, eps, bf16));
      x = l.y;
    }
    check(gatun_layernorm_forward(stream, normed_, mean_, rstd_, x, norm_.weights, norm_bias_.weights, rows, cols, eps,
                                  bf16));
    check(gatun_head_loss_forward(stream, loss_, lse_, counted_, logits_, normed_, token_table_.weights, targets_, rows,
                                  cols, s_.vocab, s_.stride, rows, 1, bf16));
  }

  /// All gradients are fresh but that of the token table: what the head finds comes first, the embedding adds to it.
  void backward() {
    constexpr int32_t all_fresh = -1, all_but_tokens = ~1;
    const int64_t rows = s_.rows(), cols = s_.width();
    void *dy = gradients_[0], *dx = gradients_[1];
    check(gatun_head_loss_pullback(stream, nullptr, dnormed_, token_table_.gradients, one_, logits_, normed_,
                                   token_table_.weights, targets_, lse_, counted_, rows, cols, s_.vocab, s_.stride,
                                   rows, all_fresh, bf16));
    check(gatun_layernorm_pullback(stream, dy, norm_.gradients, norm_bias_.gradients, dnormed_, layers_.back().y,
                                   norm_.weights, mean_, rstd_, rows, cols, all_fresh, bf16));
    for (size_t i = layers_.size(); i-- > 0;) {
      const auto& l = layers_[i];
      check(gatun_mlp_pullback(stream, scratch_, dnormed_, dx, l.mlp_norm.gradients, l.in.gradients, l.out.gradients,
                               l.mlp_norm_bias.gradients, l.in_bias.gradients, l.out_bias.gradients, dy, l.between,
                               l.mlp_normed, l.mlp_mean, l.mlp_rstd, l.pre, l.activated, l.mlp_norm.weights,
                               l.in.weights, l.out.weights, rows, cols, 4 * cols, all_fresh, bf16));
      check(gatun_attention_block_pullback(
          stream, delta_, scratch_, dnormed_, dy, l.norm.gradients, l.qkv.gradients, l.mixed.gradients,
          l.norm_bias.gradients, l.qkv_bias.gradients, l.mixed_bias.gradients, dx, i ? layers_[i - 1].y : x_, l.normed,
          l.mean, l.rstd, l.packed, l.heads, l.lse, l.norm.weights, l.qkv.weights, l.mixed.weights, nullptr, s_.batch,
          s_.context, s_.heads, s_.head_size, 0, scale(), 1, all_fresh, bf16));
    }
    check(gatun_embedding_pullback(stream, token_table_.gradients, position_table_.gradients, dy, tokens_, s_.batch,
                                   s_.context, cols, s_.vocab, s_.context, all_but_tokens, bf16));
  }

  const Size s_;
  Parameters parameters_;
  Parameter token_table_, position_table_, norm_, norm_bias_;
  std::vector<Layer> layers_;
  const int32_t *tokens_, *targets_;
  void *x_, *normed_, *mean_, *rstd_, *logits_, *loss_, *lse_, *scratch_, *dnormed_, *delta_;
  void* gradients_[2];
  int64_t* counted_;
  const float* one_;
};

/// The batch stays the same, and the model learns it by heart.
void require_learning(Gpt2& model, const Size& size) {
  model.step();
  const double first = model.loss(), untrained = std::log(static_cast<double>(size.vocab));
  for (int i = 0; i < 4; i++) model.step();
  const double fifth = model.loss();
  std::fprintf(stderr, "%s: the loss falls from %.3f to %.3f\n", size.name, first, fifth);
  if (std::abs(first - untrained) < 0.5 && fifth < first - 0.1) return;
  std::fprintf(stderr, "it should begin near %.3f and fall: nothing is timed\n", untrained);
  std::exit(1);
}

void measure_step(const Size& size) {
  Memory memory;
  Gpt2 model(memory, size);
  require_learning(model, size);
  const auto tokens = static_cast<double>(size.rows());
  measure({std::string("gpt2 ") + size.name + " training step", shape_of({size.batch, size.context}), "bf16", 0,
           size.flops(), true, tokens},
          {[&] {
            model.step();
            return GATUN_DONE;
          }});
}

}  // namespace

int main(int count, char** arguments) {
  std::set<std::string> wanted(arguments + 1, arguments + count);
  tiny = wanted.erase("--tiny");
  check(gatun_device_open(&device, 0, 0));
  check(gatun_stream_open(device, &stream));
  print_device();
  if (tiny) {
    measure_step(tiny_gpt2);
  } else {
    const Size sizes[] = {{"124m", 12, 12, 64, 1024, 64, 50257, 50304}, {"355m", 24, 16, 64, 1024, 32, 50257, 50304}};
    for (const auto& size : sizes)
      if (wanted.empty() || wanted.contains(size.name)) measure_step(size);
  }
  check(gatun_device_close(device));
  return 0;
}
