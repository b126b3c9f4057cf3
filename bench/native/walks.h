// GPT-2 as a list of ops that walks go through: each op has its forward rule, the tangent of that, its pullback, and
// the tangent of that too. The gradient is one walk forwards and one back; with the product of the Hessian and a
// vector, a walk of tangents lies between, and the one back carries both.
#pragma once
#include "weights.h"

class Walks {
 public:
  Walks(Memory& memory, const Size& size, gatun_dtype dtype)
      : memory_(memory),
        s_(size),
        dtype_(dtype),
        rows_(size.rows()),
        cols_(size.width()),
        weights_(memory, size, dtype) {
    dpre_ = memory.array(rows_ * 4 * cols_, dtype);
    tdpre_ = memory.array(rows_ * 4 * cols_, dtype);
    delta_ = floats(rows_ * s_.heads);
    tdelta_ = floats(rows_ * s_.heads);
    const int32_t *const tokens = memory.indices(rows_, s_.vocab), *const targets = memory.indices(rows_, s_.vocab);
    const Array table = weights_.matrix(s_.stride * cols_);

    const auto reused = [&](int64_t width) { return Reused{width, back(width), back(width)}; };
    const Reused stream = reused(1), between = reused(1), normed = reused(1), mlp_normed = reused(1),
                 packed = reused(3), mixed = reused(1), added = reused(1), wide = reused(4), narrow = reused(1);
    Array x = of(stream), y = of(normed);
    embed(x, table, weights_.matrix(s_.context * cols_), tokens);
    norm(y, x);
    for (int64_t layer = 0; layer < s_.layers; layer++) {
      const Array qkv = of(packed), heads = of(mixed), attended = of(added);
      linear(qkv, {}, y, 1, 3);
      attention(heads, qkv);
      linear(attended, {}, heads, 1, 1);
      const Array half = of(between), half_normed = of(mlp_normed), activated = of(wide), addition = of(narrow);
      add_and_norm(half, half_normed, x, attended);
      linear(activated, of({4, nullptr, nullptr}), half_normed, 1, 4);
      linear(addition, {}, activated, 4, 1);
      // Nothing comes back to the last stream but through its norm.
      x = of(layer + 1 < s_.layers ? stream : Reused{1, nullptr, nullptr});
      y = of(normed);
      add_and_norm(x, y, half, addition);
    }
    head(y, table, targets);
  }

  Weights& weights() { return weights_; }

  void gradient() const {
    for (const auto& op : ops_) op.forward();
    for (size_t i = ops_.size(); i-- > 0;) ops_[i].pullback();
  }

  void gradient_and_product() const {
    for (const auto& op : ops_) op.forward();
    for (const auto& op : ops_) op.tangent();
    for (size_t i = ops_.size(); i-- > 0;) {
      ops_[i].pullback();
      ops_[i].pullback_tangent();
    }
  }

 private:
  static constexpr int32_t all_fresh = -1, all_but_first = ~1, none_fresh = 0;
  static constexpr double eps = 1e-5;

  struct Op {
    std::function<void()> forward, tangent, pullback, pullback_tangent;
  };

  /// What comes back through an array of some rows, which all layers' arrays of a kind share.
  struct Reused {
    int64_t width;
    void *gradient, *product;
  };

  /// Of a norm's rows.
  struct Statistics {
    void *mean, *rstd, *tmean, *trstd;
  };

  void* back(int64_t width) { return memory_.array(rows_ * width * cols_, dtype_); }
  void* floats(int64_t count) { return memory_.array(count, GATUN_F32); }
  Array of(const Reused& reused) { return {back(reused.width), back(reused.width), reused.gradient, reused.product}; }
  Statistics statistics() { return {floats(rows_), floats(rows_), floats(rows_), floats(rows_)}; }

  /// The head has left its part of the table's gradient before.
  void embed(Array x, Array table, Array positions, const int32_t* tokens) {
    const auto forward = [=, this](void* y, const void* by_token, const void* by_position) {
      check(gatun_embedding_forward(stream, y, by_token, by_position, tokens, nullptr, s_.batch, s_.context, cols_,
                                    s_.vocab, s_.context, dtype_));
    };
    const auto pullback = [=, this](void* by_token, void* by_position, const void* dy) {
      check(gatun_embedding_pullback(stream, by_token, by_position, dy, tokens, s_.batch, s_.context, cols_, s_.vocab,
                                     s_.context, all_but_first, dtype_));
    };
    ops_.push_back({[=] { forward(x.value, table.value, positions.value); },
                    [=] { forward(x.tangent, table.tangent, positions.tangent); },
                    [=] { pullback(table.gradient, positions.gradient, x.gradient); },
                    [=] { pullback(table.product, positions.product, x.product); }});
  }

  /// The first norm, whose x has had its gradient as a residual before.
  void norm(Array y, Array x) {
    const Array weight = weights_.vector(cols_, 1), bias = weights_.vector(cols_);
    const Statistics of = statistics();
    ops_.push_back(
        {[=, this] {
           check(gatun_layernorm_forward(stream, y.value, of.mean, of.rstd, x.value, weight.value, bias.value, rows_,
                                         cols_, eps, dtype_));
         },
         [=, this] { norm_tangent(y, of, x, weight, bias); },
         [=, this] {
           check(gatun_layernorm_pullback(stream, x.gradient, weight.gradient, bias.gradient, y.gradient, x.value,
                                          weight.value, of.mean, of.rstd, rows_, cols_, all_but_first, dtype_));
         },
         [=, this] { norm_pullback_tangent(x.product, nullptr, weight, bias, nullptr, y, x, of, all_but_first); }});
  }

  void add_and_norm(Array sum, Array y, Array x, Array addition) {
    const Array weight = weights_.vector(cols_, 1), bias = weights_.vector(cols_);
    const Statistics of = statistics();
    ops_.push_back(
        {[=, this] {
           check(gatun_residual_layernorm_forward(stream, sum.value, y.value, of.mean, of.rstd, x.value, addition.value,
                                                  weight.value, bias.value, rows_, cols_, eps, dtype_));
         },
         [=, this] {
           check(gatun_binary_forward(stream, sum.tangent, x.tangent, addition.tangent, 1, rows_ * cols_, 1, GATUN_ADD,
                                      dtype_));
           norm_tangent(y, of, sum, weight, bias);
         },
         [=, this] {
           check(gatun_residual_layernorm_pullback(stream, x.gradient, addition.gradient, weight.gradient,
                                                   bias.gradient, sum.gradient, y.gradient, sum.value, weight.value,
                                                   of.mean, of.rstd, rows_, cols_, all_fresh, dtype_));
         },
         [=, this] {
           norm_pullback_tangent(x.product, addition.product, weight, bias, sum.product, y, sum, of, all_fresh);
         }});
  }

  void norm_tangent(Array y, Statistics of, Array x, Array weight, Array bias) const {
    check(gatun_layernorm_tangent(stream, y.tangent, of.tmean, of.trstd, x.value, x.tangent, weight.value,
                                  weight.tangent, bias.tangent, of.mean, of.rstd, rows_, cols_, dtype_));
  }
  void norm_pullback_tangent(void* tdx, void* tdresidual, Array weight, Array bias, const void* tdsum, Array y, Array x,
                             Statistics of, int32_t fresh) const {
    check(gatun_layernorm_pullback_tangent(stream, tdx, tdresidual, weight.product, bias.product, tdsum, y.gradient,
                                           y.product, x.value, x.tangent, weight.value, weight.tangent, of.mean,
                                           of.tmean, of.rstd, of.trstd, rows_, cols_, fresh, dtype_));
  }

  /// Widths are counted in those of the stream. With `pre`, y is the GELU of it.
  void linear(Array y, Array pre, Array x, int64_t width_in, int64_t width_out) {
    const int64_t in = width_in * cols_, out = width_out * cols_, count = rows_ * out;
    const Array weight = weights_.matrix(in * out), bias = weights_.vector(out);
    const bool activates = pre.value != nullptr;
    const gatun_activation activation = activates ? GATUN_GELU_ACTIVATION : GATUN_NO_ACTIVATION;
    const auto pull = [=, this](void* dx, void* dweight, void* dbias, const void* dy, const void* x, const void* weight,
                                int32_t fresh) {
      check(gatun_linear_pullback(stream, nullptr, dx, dweight, dbias, dy, x, weight, nullptr, nullptr, rows_, in, out,
                                  GATUN_NO_ACTIVATION, fresh, dtype_));
    };
    ops_.push_back(
        {[=, this] {
           check(gatun_linear_forward(stream, y.value, pre.value, x.value, weight.value, bias.value, rows_, in, out,
                                      activation, dtype_));
         },
         [=, this] {
           void* const sum = activates ? pre.tangent : y.tangent;
           check(gatun_linear_forward(stream, sum, nullptr, x.tangent, weight.value, bias.tangent, rows_, in, out,
                                      GATUN_NO_ACTIVATION, dtype_));
           // sum += x times the weight's tangent, as the pullback of a product that has it transposed.
           check(gatun_matmul_pullback(stream, sum, nullptr, x.value, sum, weight.tangent, 1, rows_, in, out, 2,
                                       none_fresh, dtype_));
           if (activates)
             check(gatun_unary_pullback(stream, y.tangent, sum, pre.value, count, 0, GATUN_GELU, all_fresh, dtype_));
         },
         [=, this] {
           check(gatun_linear_pullback(stream, activates ? dpre_ : nullptr, x.gradient, weight.gradient, bias.gradient,
                                       y.gradient, x.value, weight.value, pre.value, nullptr, rows_, in, out,
                                       activation, all_fresh, dtype_));
         },
         [=, this] {
           const void *dy = y.gradient, *tdy = y.product;
           if (activates) {
             check(gatun_unary_pullback(stream, dpre_, dy, pre.value, count, 0, GATUN_GELU, all_fresh, dtype_));
             check(gatun_unary_pullback_tangent(stream, tdpre_, dy, tdy, pre.value, pre.tangent, count, 0, GATUN_GELU,
                                                all_fresh, dtype_));
             dy = dpre_, tdy = tdpre_;
           }
           // Linear in each argument: a run for each, with its tangent in its place.
           pull(x.product, weight.product, bias.product, tdy, x.value, weight.value, all_fresh);
           pull(nullptr, weight.product, nullptr, dy, x.tangent, weight.value, none_fresh);
           pull(x.product, nullptr, nullptr, dy, x.value, weight.tangent, none_fresh);
         }});
  }

  void attention(Array y, Array qkv) {
    void *const lse = floats(rows_ * s_.heads), *const tlse = floats(rows_ * s_.heads);
    const double scale = 1 / std::sqrt(static_cast<double>(s_.head_size));
    ops_.push_back(
        {[=, this] {
           check(gatun_attention_forward(stream, y.value, lse, qkv.value, nullptr, s_.batch, s_.context, s_.heads,
                                         s_.head_size, 0, scale, 1, dtype_));
         },
         [=, this] {
           check(gatun_attention_tangent(stream, y.tangent, tlse, qkv.tangent, qkv.value, y.value, lse, nullptr,
                                         s_.batch, s_.context, s_.heads, s_.head_size, 0, scale, 1, dtype_));
         },
         [=, this] {
           check(gatun_attention_pullback(stream, delta_, qkv.gradient, y.gradient, qkv.value, y.value, lse, nullptr,
                                          s_.batch, s_.context, s_.heads, s_.head_size, 0, scale, 1, all_fresh,
                                          dtype_));
         },
         [=, this] {
           check(gatun_attention_pullback_tangent(
               stream, delta_, tdelta_, qkv.product, y.gradient, y.product, qkv.value, qkv.tangent, y.value, y.tangent,
               lse, tlse, nullptr, s_.batch, s_.context, s_.heads, s_.head_size, 0, scale, 1, all_fresh, dtype_));
         }});
  }

  /// With the gradient by the logits kept.
  void head(Array x, Array table, const int32_t* targets) {
    void *const kept = memory_.array(rows_ * s_.stride, dtype_), *const tkept =
                                                                     memory_.array(rows_ * s_.stride, dtype_);
    void *const loss = floats(1), *const tloss = floats(1), *const lse = floats(rows_);
    auto* const counted = static_cast<int64_t*>(memory_.bytes(sizeof(int64_t)));
    const float* const one = memory_.scalar<float>({1});
    ops_.push_back({[=, this] {
                      check(gatun_head_loss_forward(stream, loss, lse, counted, kept, x.value, table.value, targets,
                                                    rows_, cols_, s_.vocab, s_.stride, rows_, 1, dtype_));
                    },
                    [=, this] {
                      check(gatun_head_loss_tangent(stream, tloss, tkept, nullptr, kept, x.value, x.tangent,
                                                    table.value, table.tangent, targets, lse, counted, rows_, cols_,
                                                    s_.vocab, s_.stride, rows_, dtype_));
                    },
                    [=, this] {
                      check(gatun_head_loss_pullback(stream, nullptr, x.gradient, table.gradient, one, kept, x.value,
                                                     table.value, targets, lse, counted, rows_, cols_, s_.vocab,
                                                     s_.stride, rows_, all_fresh, dtype_));
                    },
                    [=, this] {
                      check(gatun_head_loss_pullback_tangent(stream, nullptr, nullptr, x.product, table.product, one,
                                                             nullptr, kept, tkept, x.value, x.tangent, table.value,
                                                             table.tangent, targets, lse, counted, rows_, cols_,
                                                             s_.vocab, s_.stride, rows_, 0, all_fresh, dtype_));
                    }});
  }

  Memory& memory_;
  const Size s_;
  const gatun_dtype dtype_;
  const int64_t rows_, cols_;
  Weights weights_;
  std::vector<Op> ops_;
  void *dpre_, *tdpre_, *delta_, *tdelta_;
};
