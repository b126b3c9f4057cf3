// The two blocks of a transformer, y = x + f(norm(x)), as sequences of other kernels' bodies: what these save and need
// are arguments, so a block takes no memory of its own and is the same on every backend. The pullback puts GELU's slope
// on while the product is at hand, and dy into dx while the norm is pulled back.
// Trap: the rows of y are first the last product and then its sum with x, in place.
#include "../attention/checks.h"

GATUN_BODY(layernorm_forward)
GATUN_BODY(linear_forward)
GATUN_BODY(linear_pullback)
GATUN_BODY(attention_forward)
GATUN_BODY(attention_pullback)
GATUN_BODY(binary_forward)
GATUN_BODY(residual_layernorm_pullback)

using namespace gatun;

namespace {

/// The bits of `fresh` by which the pullbacks of blocks name their ACC arguments.
enum Gradient { of_x, of_norm_weight, of_weight_in, of_weight_out, of_norm_bias, of_bias_in, of_bias_out };

/// Bit i says whether the i-th of these is overwritten.
int32_t fresh_bits(int32_t fresh, std::initializer_list<Gradient> gradients) {
  int32_t bits = 0;
  int at = 0;
  for (const auto gradient : gradients) bits |= ((fresh >> gradient) & 1) << at++;
  return bits;
}

/// A product's gradients where that of its x is scratch.
int32_t fresh_product(int32_t fresh, Gradient weight, Gradient bias) {
  return 1 | fresh_bits(fresh, {weight, bias}) << 1;
}

void add_in_place(gatun_stream* stream, void* y, const void* x, int64_t n, gatun_dtype dtype) {
  run(stream, binary_forward, y, y, x, 1, n, 1, GATUN_ADD, dtype);
}

struct Norm {
  void *dx, *dweight, *dbias;
  const void *dy, *dnormed, *x, *weight, *mean, *rstd;
};

/// dx receives dy, by way of the residual, and what comes through the norm.
void pull_norm(gatun_stream* stream, const Norm& n, int64_t rows, int64_t cols, int32_t fresh, gatun_dtype dtype) {
  run(stream, residual_layernorm_pullback, n.dx, nullptr, n.dweight, n.dbias, n.dy, n.dnormed, n.x, n.weight, n.mean,
      n.rstd, rows, cols, fresh_bits(fresh, {of_x, of_x, of_norm_weight, of_norm_bias}), dtype);
}

}  // namespace

gatun_status gatun_mlp_forward(gatun_stream* stream, void* y, void* normed, void* mean, void* rstd, void* pre,
                               void* activated, const void* x, const void* norm_weight, const void* weight_in,
                               const void* weight_out, const void* norm_bias, const void* bias_in, const void* bias_out,
                               int64_t rows, int64_t cols, int64_t hidden, double eps, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    finite_and_not_negative("eps", eps);
    sizes({{"rows", rows}});
    positive({{"cols", cols}, {"hidden", hidden}});
    arrays({{"y", y, {rows, cols}}, {"normed", normed, {rows, cols}}, {"mean", mean, rows}, {"rstd", rstd, rows}});
    arrays({{"activated", activated, {rows, hidden}}, {"x", x, {rows, cols}}, {"norm_weight", norm_weight, cols}});
    arrays({{"weight_in", weight_in, {cols, hidden}}, {"weight_out", weight_out, {hidden, cols}}});
    run(stream, layernorm_forward, normed, mean, rstd, x, norm_weight, norm_bias, rows, cols, eps, dtype);
    run(stream, linear_forward, activated, pre, normed, weight_in, bias_in, rows, cols, hidden, GATUN_GELU_ACTIVATION,
        dtype);
    run(stream, linear_forward, y, nullptr, activated, weight_out, bias_out, rows, hidden, cols, GATUN_NO_ACTIVATION,
        dtype);
    add_in_place(stream, y, x, rows * cols, dtype);
  });
}

gatun_status gatun_mlp_pullback(gatun_stream* stream, void* dpre, void* dnormed, void* dx, void* dnorm_weight,
                                void* dweight_in, void* dweight_out, void* dnorm_bias, void* dbias_in, void* dbias_out,
                                const void* dy, const void* x, const void* normed, const void* mean, const void* rstd,
                                const void* pre, const void* activated, const void* norm_weight, const void* weight_in,
                                const void* weight_out, int64_t rows, int64_t cols, int64_t hidden, int32_t fresh,
                                gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"rows", rows}});
    positive({{"cols", cols}, {"hidden", hidden}});
    arrays({{"dpre", dpre, {rows, hidden}}, {"dnormed", dnormed, {rows, cols}}, {"dy", dy, {rows, cols}}});
    arrays({{"x", x, {rows, cols}}, {"normed", normed, {rows, cols}}, {"mean", mean, rows}, {"rstd", rstd, rows}});
    arrays(
        {{"pre", pre, {rows, hidden}}, {"activated", activated, {rows, hidden}}, {"norm_weight", norm_weight, cols}});
    arrays({{"weight_in", weight_in, {cols, hidden}}, {"weight_out", weight_out, {hidden, cols}}});
    run(stream, linear_pullback, nullptr, dpre, dweight_out, dbias_out, dy, activated, weight_out, nullptr, pre, rows,
        hidden, cols, GATUN_NO_ACTIVATION, fresh_product(fresh, of_weight_out, of_bias_out), dtype);
    run(stream, linear_pullback, nullptr, dnormed, dweight_in, dbias_in, dpre, normed, weight_in, nullptr, nullptr,
        rows, cols, hidden, GATUN_NO_ACTIVATION, fresh_product(fresh, of_weight_in, of_bias_in), dtype);
    pull_norm(stream, {dx, dnorm_weight, dnorm_bias, dy, dnormed, x, norm_weight, mean, rstd}, rows, cols, fresh,
              dtype);
  });
}

gatun_status gatun_attention_block_forward(gatun_stream* stream, void* y, void* normed, void* mean, void* rstd,
                                           void* qkv, void* mixed, void* lse, const void* x, const void* norm_weight,
                                           const void* weight_in, const void* weight_out, const void* norm_bias,
                                           const void* bias_in, const void* bias_out, const int32_t* bounds,
                                           int64_t batch, int64_t context, int64_t heads, int64_t head_size,
                                           int64_t documents, double eps, double scale, int32_t causal,
                                           gatun_dtype dtype) {
  return guarded([&] {
    check_attention(stream, batch, context, heads, head_size, scale, causal, dtype);
    finite_and_not_negative("eps", eps);
    const int64_t rows = product("batch * context", {batch, context});
    const int64_t cols = product("heads * head_size", {heads, head_size});
    arrays({{"y", y, {rows, cols}}, {"normed", normed, {rows, cols}}, {"mean", mean, rows}, {"rstd", rstd, rows}});
    arrays({{"qkv", qkv, {rows, 3, cols}}, {"mixed", mixed, {rows, cols}}, {"lse", lse, {rows, heads}}});
    arrays({{"x", x, {rows, cols}}, {"norm_weight", norm_weight, cols}});
    arrays({{"weight_in", weight_in, {3, cols, cols}}, {"weight_out", weight_out, {cols, cols}}});
    check_documents(stream, bounds, documents, rows);
    run(stream, layernorm_forward, normed, mean, rstd, x, norm_weight, norm_bias, rows, cols, eps, dtype);
    run(stream, linear_forward, qkv, nullptr, normed, weight_in, bias_in, rows, cols, 3 * cols, GATUN_NO_ACTIVATION,
        dtype);
    run(stream, attention_forward, mixed, lse, qkv, bounds, batch, context, heads, head_size, documents, scale, causal,
        dtype);
    run(stream, linear_forward, y, nullptr, mixed, weight_out, bias_out, rows, cols, cols, GATUN_NO_ACTIVATION, dtype);
    add_in_place(stream, y, x, rows * cols, dtype);
  });
}

gatun_status gatun_attention_block_pullback(gatun_stream* stream, void* delta, void* dqkv, void* dnormed, void* dx,
                                            void* dnorm_weight, void* dweight_in, void* dweight_out, void* dnorm_bias,
                                            void* dbias_in, void* dbias_out, const void* dy, const void* x,
                                            const void* normed, const void* mean, const void* rstd, const void* qkv,
                                            const void* mixed, const void* lse, const void* norm_weight,
                                            const void* weight_in, const void* weight_out, const int32_t* bounds,
                                            int64_t batch, int64_t context, int64_t heads, int64_t head_size,
                                            int64_t documents, double scale, int32_t causal, int32_t fresh,
                                            gatun_dtype dtype) {
  return guarded([&] {
    check_attention(stream, batch, context, heads, head_size, scale, causal, dtype);
    const int64_t rows = product("batch * context", {batch, context});
    const int64_t cols = product("heads * head_size", {heads, head_size});
    arrays({{"delta", delta, {rows, heads}}, {"dqkv", dqkv, {rows, 3, cols}}, {"dnormed", dnormed, {rows, cols}}});
    arrays({{"dy", dy, {rows, cols}}, {"x", x, {rows, cols}}, {"normed", normed, {rows, cols}}});
    arrays({{"mean", mean, rows}, {"rstd", rstd, rows}, {"qkv", qkv, {rows, 3, cols}}, {"mixed", mixed, {rows, cols}}});
    arrays({{"lse", lse, {rows, heads}}, {"norm_weight", norm_weight, cols}});
    arrays({{"weight_in", weight_in, {3, cols, cols}}, {"weight_out", weight_out, {cols, cols}}});
    check_documents(stream, bounds, documents, rows);
    // dnormed first holds the gradient of mixed, which nothing reads once dqkv is there.
    run(stream, linear_pullback, nullptr, dnormed, dweight_out, dbias_out, dy, mixed, weight_out, nullptr, nullptr,
        rows, cols, cols, GATUN_NO_ACTIVATION, fresh_product(fresh, of_weight_out, of_bias_out), dtype);
    run(stream, attention_pullback, delta, dqkv, dnormed, qkv, mixed, lse, bounds, batch, context, heads, head_size,
        documents, scale, causal, 1, dtype);
    run(stream, linear_pullback, nullptr, dnormed, dweight_in, dbias_in, dqkv, normed, weight_in, nullptr, nullptr,
        rows, cols, 3 * cols, GATUN_NO_ACTIVATION, fresh_product(fresh, of_weight_in, of_bias_in), dtype);
    pull_norm(stream, {dx, dnorm_weight, dnorm_bias, dy, dnormed, x, norm_weight, mean, rstd}, rows, cols, fresh,
              dtype);
  });
}
