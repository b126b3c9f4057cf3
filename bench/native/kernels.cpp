// Kernels of one backend, timed by the events of gatun.h on random data: one line of JSON a measurement.
//
//   kernels [--tiny] [copy] [rows] [loss] [optimizer] [products] [attention] [blocks]
//   all groups when none is named
//
// `bytes` are those that must move. --tiny tries the program at small sizes.
#include <cmath>
#include <set>

#include "measure.h"

void measure_attentions();  // attention.cpp

namespace {

void measure_copy() {
  Memory memory;
  const int64_t bytes = sized(int64_t{2} << 30, 1 << 12);
  void* const to = memory.bytes(bytes);
  const void* const from = memory.normals(bytes / 4, GATUN_F32);
  measure({"copy", shape_of({bytes}) + " bytes", "", 2.0 * bytes, 0},
          {[=] { return gatun_copy(stream, to, from, bytes); }});
}

constexpr gatun_dtype bf16 = GATUN_BF16;
constexpr int32_t all_fresh = -1;

void measure_norms(int64_t rows, int64_t cols) {
  const int64_t n = rows * cols;
  const auto work = [=](const char* what, int arrays) {
    return Work{what, shape_of({rows, cols}), "bf16", 2.0 * arrays * n, 0};
  };
  Memory memory;
  const auto x = [&] { return memory.normals(n, bf16); };
  const auto out = [&] { return memory.array(n, bf16); };
  void *const weight = memory.normals(cols, GATUN_F32), *const bias = memory.normals(cols, GATUN_F32);
  void *const dweight = memory.array(cols, GATUN_F32), *const dbias = memory.array(cols, GATUN_F32);
  void *const mean = memory.array(rows, GATUN_F32), *const rstd = memory.array(rows, GATUN_F32);
  measure(work("layernorm forward", 2), in_turns(4.0 * n, [&]() -> Call {
            return [=, y = out(), x = x()] {
              return gatun_layernorm_forward(stream, y, mean, rstd, x, weight, bias, rows, cols, 1e-5, bf16);
            };
          }));
  measure(work("layernorm pullback", 3), in_turns(6.0 * n, [&]() -> Call {
            return [=, dx = out(), dy = x(), x = x()] {
              return gatun_layernorm_pullback(stream, dx, dweight, dbias, dy, x, weight, mean, rstd, rows, cols,
                                              all_fresh, bf16);
            };
          }));
  measure(work("residual+layernorm forward", 4), in_turns(8.0 * n, [&]() -> Call {
            return [=, sum = out(), y = out(), x = x(), residual = memory.normals(n, bf16)] {
              return gatun_residual_layernorm_forward(stream, sum, y, mean, rstd, x, residual, weight, bias, rows, cols,
                                                      1e-5, bf16);
            };
          }));
  measure(work("residual+layernorm pullback", 5), in_turns(10.0 * n, [&]() -> Call {
            return [=, dx = out(), dresidual = out(), dsum = x(), dy = x(), sum = x()] {
              return gatun_residual_layernorm_pullback(stream, dx, dresidual, dweight, dbias, dsum, dy, sum, weight,
                                                       mean, rstd, rows, cols, all_fresh, bf16);
            };
          }));
}

void measure_gelu(int64_t rows, int64_t cols) {
  const int64_t n = rows * cols;
  Memory memory;
  void *const y = memory.array(n, bf16), *const x = memory.normals(n, bf16), *const dy = memory.normals(n, bf16);
  measure({"gelu forward", shape_of({rows, cols}), "bf16", 4.0 * n, 0},
          {[=] { return gatun_unary_forward(stream, y, x, n, 0, GATUN_GELU, bf16); }});
  measure({"gelu pullback", shape_of({rows, cols}), "bf16", 6.0 * n, 0},
          {[=] { return gatun_unary_pullback(stream, y, dy, x, n, 0, GATUN_GELU, all_fresh, bf16); }});
}

void measure_embedding(int64_t batch, int64_t context, int64_t cols, int64_t vocab) {
  const int64_t n = batch * context * cols;
  Memory memory;
  const void *const table = memory.normals(vocab * cols, bf16), *const positions = memory.normals(context * cols, bf16);
  const int32_t* const tokens = memory.indices(batch * context, vocab);
  const std::string shape = shape_of({batch, context, cols});
  // Rows of the tables are met again and again, so only y must move.
  measure({"embedding forward", shape, "bf16", 2.0 * n, 0}, in_turns(2.0 * n, [&]() -> Call {
            return [=, y = memory.array(n, bf16)] {
              return gatun_embedding_forward(stream, y, table, positions, tokens, nullptr, batch, context, cols, vocab,
                                             context, bf16);
            };
          }));
  void *const dtable = memory.array(vocab * cols, GATUN_F32), *const dpositions =
                                                                  memory.array(context * cols, GATUN_F32);
  const double written = 4.0 * cols * static_cast<double>(vocab + context);
  measure({"embedding pullback", shape, "bf16", 2.0 * n + written, 0}, in_turns(2.0 * n, [&]() -> Call {
            return [=, dy = memory.normals(n, bf16)] {
              return gatun_embedding_pullback(stream, dtable, dpositions, dy, tokens, batch, context, cols, vocab,
                                              context, all_fresh, bf16);
            };
          }));
}

void measure_rows() {
  measure_norms(sized(65536, 9), sized(768, 64));
  measure_gelu(sized(65536, 9), sized(3072, 64));
  measure_embedding(sized(64, 2), sized(1024, 5), sized(768, 64), sized(50304, 17));
}

/// The loss alone and the gradient alone, each over logits that lie there; and both in the one pass that the head
/// makes, which stands behind a product in the header: so the head over 8 columns, less that product.
void measure_loss() {
  const int64_t rows = sized(65536, 5), vocab = sized(50304, 72), cols = 8, n = rows * vocab;
  Memory memory;
  void *const logits = memory.normals(n, bf16), *const dlogits = memory.array(n, bf16);
  const int32_t* const targets = memory.indices(rows, vocab);
  void *const loss = memory.array(1, GATUN_F32), *const lse = memory.array(rows, GATUN_F32);
  auto* const counted = static_cast<int64_t*>(memory.bytes(8));
  const float* const dloss = memory.scalar<float>({1});
  const std::string shape = shape_of({rows, vocab});
  measure({"cross-entropy forward", shape, "bf16", 2.0 * n, 0}, {[=] {
            return gatun_softmax_cross_entropy_forward(stream, loss, lse, counted, logits, targets, rows, vocab, vocab,
                                                       bf16);
          }});
  measure({"cross-entropy pullback", shape, "bf16", 4.0 * n, 0}, {[=] {
            return gatun_softmax_cross_entropy_pullback(stream, dlogits, dloss, logits, targets, lse, counted, rows,
                                                        vocab, vocab, all_fresh, bf16);
          }});
  auto* const labels = static_cast<int32_t*>(memory.bytes(rows * 4));
  const int64_t* const key = memory.scalar<int64_t>({1, 2});
  measure({"sampled labels", shape, "bf16", 2.0 * n, 0}, {[=] {
            return gatun_sample_categorical(stream, labels, nullptr, logits, nullptr, key, 0, rows, vocab, vocab, bf16);
          }});
  const void *const x = memory.normals(rows * cols, bf16), *const table = memory.normals(vocab * cols, bf16);
  constexpr int32_t second_transposed = 2;
  const double product = measure(
      {"product that ends in the logits", shape_of({rows, vocab, cols}), "bf16", 2.0 * n, 0},
      {[=] { return gatun_matmul_forward(stream, dlogits, x, table, 1, rows, vocab, cols, second_transposed, bf16); }});
  const double head = measure({"head and loss", shape_of({rows, vocab, cols}), "bf16", 6.0 * n, 0}, {[=] {
                                return gatun_head_loss_forward(stream, loss, lse, counted, dlogits, x, table, targets,
                                                               rows, cols, vocab, vocab, rows, 1, bf16);
                              }});
  print({"cross-entropy and gradient over the logits", shape, "bf16", 4.0 * n, 0}, head - product, head - product,
        head - product);
}

void measure_optimizer() {
  const int64_t n = sized(124475904, 4099);
  Memory memory;
  void *const weights = memory.normals(n, GATUN_F32), *const gradients = memory.normals(n, GATUN_F32);
  void *const m = memory.array(n, GATUN_F32), *const v = memory.array(n, GATUN_F32),
              *const norm = memory.array(1, GATUN_F32);
  check(gatun_fill(stream, m, n, 0, GATUN_F32));
  check(gatun_fill(stream, v, n, 0, GATUN_F32));
  const double* const rate = memory.scalar<double>({1e-4});
  const int64_t* const step = memory.scalar<int64_t>({100});
  auto* const unclipped = static_cast<int64_t*>(memory.bytes(8));
  measure({"global norm", shape_of({n}), "fp32", 4.0 * n, 0},
          {[=] { return gatun_global_norm(stream, norm, gradients, n, GATUN_F32); }});
  // In fp32, and as a step in bf16 has them: over fp32 masters, 2 bytes more for what the products read.
  void* const rounded = memory.array(n, bf16);
  for (const gatun_dtype dtype : {GATUN_F32, GATUN_BF16}) {
    void *const read = dtype == bf16 ? rounded : weights, *const master = dtype == bf16 ? weights : nullptr;
    const auto work = [&](const char* what, double bytes) {
      return Work{what, shape_of({n}), dtype == bf16 ? "bf16" : "fp32", (bytes + (dtype == bf16 ? 2 : 0)) * n, 0};
    };
    measure(work("adamw", 28), {[=] {
              return gatun_adamw_step(stream, read, master, m, v, gradients, rate, step, norm, nullptr, 0, n, n / 2,
                                      0.9, 0.95, 1e-8, 0.1, 1, dtype);
            }});
    measure(work("sophia", 24), {[=] {
              return gatun_sophia_step(stream, read, master, m, unclipped, v, gradients, rate, step, nullptr, norm,
                                       nullptr, 0, n, n / 2, 0.96, 0.99, 0.01, 1e-12, 0.2, 1, GATUN_SOPHIA_FLOORED, 0,
                                       dtype);
            }});
    measure(work("lion", 20), {[=] {
              return gatun_lion_step(stream, read, master, m, gradients, rate, step, norm, nullptr, 0, n, n / 2, 0.95,
                                     0.98, 0.5, 1, dtype);
            }});
  }
  const int64_t* const key = memory.scalar<int64_t>({1, 2});
  measure({"hutchinson's curvature", shape_of({n}), "fp32", 12.0 * n, 0},
          {[=] { return gatun_curvature_hutchinson(stream, v, gradients, key, 0, n, 0.99, GATUN_SIGNS, GATUN_F32); }});
  measure({"bartlett's curvature", shape_of({n}), "fp32", 12.0 * n, 0},
          {[=] { return gatun_curvature_bartlett(stream, v, gradients, step, n, 0.99, GATUN_F32); }});
}

void measure_product(const char* what, int64_t size, int32_t transposed, gatun_dtype dtype) {
  const int64_t n = size * size;
  const double bytes = 3.0 * n * bytes_of(dtype), flops = 2.0 * n * size;
  Memory memory;
  measure({what, shape_of({size, size, size}), dtype == bf16 ? "bf16" : "fp32", bytes, flops},
          in_turns(bytes, [&]() -> Call {
            return [=, c = memory.array(n, dtype), a = memory.normals(n, dtype), b = memory.normals(n, dtype)] {
              return gatun_matmul_forward(stream, c, a, b, 1, size, size, size, transposed, dtype);
            };
          }));
}

void measure_linear(int64_t rows, int64_t in, int64_t out) {
  Memory memory;
  void *const y = memory.array(rows * out, bf16), *const pre = memory.array(rows * out, bf16);
  const void *const x = memory.normals(rows * in, bf16), *const weight = memory.normals(in * out, bf16);
  const void* const bias = memory.normals(out, GATUN_F32);
  measure({"linear with gelu", shape_of({rows, in, out}), "bf16", 2.0 * (rows * (in + 2 * out) + in * out),
           2.0 * rows * in * out},
          {[=] {
            return gatun_linear_forward(stream, y, pre, x, weight, bias, rows, in, out, GATUN_GELU_ACTIVATION, bf16);
          }});
}

void measure_products() {
  for (const int64_t size : {4096, 6144, 8192}) measure_product("product", sized(size, size / 64), 0, bf16);
  measure_product("product, second factor transposed", sized(4096, 64), 2, bf16);
  measure_product("product, first factor transposed", sized(4096, 64), 1, bf16);
  measure_product("product", sized(4096, 64), 0, GATUN_F32);
  measure_linear(sized(65536, 65), sized(768, 40), sized(3072, 72));
}

/// The halves of a block of GPT-2 124M, forward.
void measure_blocks() {
  const int64_t batch = sized(64, 1), context = sized(1024, 33), heads = sized(12, 2), head_size = 64;
  const int64_t rows = batch * context, cols = heads * head_size, hidden = 4 * cols, n = rows * cols;
  Memory memory;
  void *const y = memory.array(n, bf16), *const normed = memory.array(n, bf16);
  void *const mean = memory.array(rows, GATUN_F32), *const rstd = memory.array(rows, GATUN_F32);
  const void *const x = memory.normals(n, bf16), *const bias = memory.normals(hidden, GATUN_F32);
  const auto weight = [&](int64_t from, int64_t to) { return memory.normals(from * to, bf16); };
  const auto wide = [](int64_t a, int64_t b, int64_t c) {
    return static_cast<double>(a) * static_cast<double>(b) * static_cast<double>(c);
  };
  {
    void *const pre = memory.array(rows * hidden, bf16), *const activated = memory.array(rows * hidden, bf16);
    const void *const in = weight(cols, hidden), *const out = weight(hidden, cols);
    measure({"mlp block forward", shape_of({rows, cols, hidden}), "bf16", 2.0 * static_cast<double>(2 * n),
             4.0 * wide(rows, cols, hidden)},
            {[=] {
              return gatun_mlp_forward(stream, y, normed, mean, rstd, pre, activated, x, bias, in, out, bias, bias,
                                       bias, rows, cols, hidden, 1e-5, bf16);
            }});
  }
  void *const qkv = memory.array(3 * n, bf16), *const mixed = memory.array(n, bf16);
  void* const lse = memory.array(rows * heads, GATUN_F32);
  const void *const in = weight(cols, 3 * cols), *const out = weight(cols, cols);
  measure({"attention block forward, causal", shape_of({batch, context, heads, head_size}), "bf16",
           2.0 * static_cast<double>(2 * n), 8.0 * wide(rows, cols, cols) + 2.0 * wide(rows, context, cols)},
          {[=] {
            return gatun_attention_block_forward(stream, y, normed, mean, rstd, qkv, mixed, lse, x, bias, in, out, bias,
                                                 bias, bias, nullptr, batch, context, heads, head_size, 0, 1e-5, 0.125,
                                                 1, bf16);
          }});
}

}  // namespace

int main(int count, char** arguments) {
  std::set<std::string> wanted(arguments + 1, arguments + count);
  tiny = wanted.erase("--tiny");
  check(gatun_device_open(&device, 0, 0));
  check(gatun_stream_open(device, &stream));
  print_device();
  const struct {
    const char* name;
    void (*measure)();
  } groups[] = {{"copy", measure_copy},           {"rows", measure_rows},         {"loss", measure_loss},
                {"optimizer", measure_optimizer}, {"products", measure_products}, {"attention", measure_attentions},
                {"blocks", measure_blocks}};
  for (const auto& group : groups)
    if (wanted.empty() || wanted.contains(group.name)) group.measure();
  check(gatun_device_close(device));
  return 0;
}
