// Attention for kernels.cpp: forward and pullback, and the tangents of both, which a Hessian-vector product takes.
//
// FLOPs are counted as is usual: products of context x context x head_size, of a causal mask half of them, however
// often a kernel makes one again. Forward they are two, in the pullback five (seven are made), forward with the tangent
// six (the tangent's own five are made behind the two), in the tangent of the pullback twelve (eighteen are made).
#include "measure.h"

void measure_attentions();

namespace {

constexpr gatun_dtype bf16 = GATUN_BF16;
constexpr int32_t all_fresh = -1;

/// Tokens of a measurement, whatever the context.
constexpr int64_t tokens = 16384, width = 2048;

/// One problem, and what its rules write.
struct Attention {
  const int64_t batch, context, heads, head_size;
  const bool causal;
  const gatun_dtype dtype;
  void *const y, *const lse, *const dqkv, *const delta;

  Attention(Memory& memory, int64_t batch, int64_t context, int64_t heads, int64_t head_size, bool causal,
            gatun_dtype dtype)
      : batch(batch),
        context(context),
        heads(heads),
        head_size(head_size),
        causal(causal),
        dtype(dtype),
        y(memory.array(n(), dtype)),
        lse(memory.array(batch * context * heads, GATUN_F32)),
        dqkv(memory.array(3 * n(), dtype)),
        delta(memory.array(batch * context * heads, GATUN_F32)) {}

  int64_t n() const { return batch * context * heads * head_size; }
  double scale() const { return 1 / std::sqrt(static_cast<double>(head_size)); }

  gatun_status forward(const void* qkv) const {
    return gatun_attention_forward(stream, y, lse, qkv, nullptr, batch, context, heads, head_size, 0, scale(), causal,
                                   dtype);
  }
  gatun_status pullback(const void* dy, const void* qkv) const {
    return gatun_attention_pullback(stream, delta, dqkv, dy, qkv, y, lse, nullptr, batch, context, heads, head_size, 0,
                                    scale(), causal, all_fresh, dtype);
  }
  /// Those of y and lse go to where `t` has its own.
  gatun_status tangent(const Attention& t, const void* tqkv, const void* qkv) const {
    return gatun_attention_tangent(stream, t.y, t.lse, tqkv, qkv, y, lse, nullptr, batch, context, heads, head_size, 0,
                                   scale(), causal, dtype);
  }
  gatun_status pullback_tangent(const Attention& t, const void* dy, const void* tdy, const void* qkv,
                                const void* tqkv) const {
    return gatun_attention_pullback_tangent(stream, delta, t.delta, t.dqkv, dy, tdy, qkv, tqkv, y, t.y, lse, t.lse,
                                            nullptr, batch, context, heads, head_size, 0, scale(), causal, all_fresh,
                                            dtype);
  }
};

std::string name_of(const char* rule, bool causal) {
  return std::string("attention ") + rule + (causal ? ", causal" : "");
}

/// The tangents in bf16 beside how far the kernels for fp32 move between two points along them.
void require_tangents(int64_t head_size, bool causal) {
  constexpr double step = 1e-2, allowed = 1e-2;
  const int64_t context = sized(512, 65), heads = 2;
  Memory memory;
  const auto problem = [&](gatun_dtype dtype) {
    return Attention(memory, 1, context, heads, head_size, causal, dtype);
  };
  const auto primal = problem(bf16), tangents = problem(bf16), wide = problem(GATUN_F32);
  const int64_t n = primal.n();
  const void *const qkv = memory.normals(3 * n, bf16), *const tqkv = memory.normals(3 * n, bf16);
  const void *const dy = memory.normals(n, bf16), *const tdy = memory.normals(n, bf16);
  check(primal.forward(qkv));
  check(primal.tangent(tangents, tqkv, qkv));
  check(primal.pullback_tangent(tangents, dy, tdy, qkv, tqkv));

  const auto moved = [&](const void* x, const void* tx, int64_t count, double by) {
    auto values = to_host(x, count, bf16);
    const auto along = to_host(tx, count, bf16);
    for (size_t i = 0; i < values.size(); i++) values[i] += static_cast<float>(by) * along[i];
    return memory.scalar(values);
  };
  std::vector<float> y[2], dqkv[2];
  for (const int side : {0, 1}) {
    const double by = side ? -step : step;
    const void* const there = moved(qkv, tqkv, 3 * n, by);
    check(wide.forward(there));
    check(wide.pullback(moved(dy, tdy, n, by), there));
    y[side] = to_host(wide.y, n, GATUN_F32);
    dqkv[side] = to_host(wide.dqkv, 3 * n, GATUN_F32);
  }
  const std::string of = " of " + std::to_string(head_size) + " columns a head";
  require(name_of("tangent", causal) + of, distance(to_host(tangents.y, n, bf16), y[0], y[1], step), allowed);
  require(name_of("pullback tangent", causal) + of,
          distance(to_host(tangents.dqkv, 3 * n, bf16), dqkv[0], dqkv[1], step), allowed);
}

void measure_attention(int64_t context, int64_t head_size, bool causal) {
  const int64_t batch = sized(tokens / context, 1), heads = sized(width / head_size, 2);
  Memory memory;
  const Attention primal(memory, batch, context, heads, head_size, causal, bf16);
  const Attention tangents(memory, batch, context, heads, head_size, causal, bf16);
  const int64_t n = primal.n();
  const double product = 2.0 * static_cast<double>(n) * static_cast<double>(context) / (causal ? 2 : 1);
  const void *const qkv = memory.normals(3 * n, bf16), *const tqkv = memory.normals(3 * n, bf16);
  const void *const dy = memory.normals(n, bf16), *const tdy = memory.normals(n, bf16);
  const auto work = [&](const char* rule, double arrays, double products) {
    return Work{name_of(rule, causal),
                shape_of({batch, context, heads, head_size}),
                "bf16",
                2.0 * arrays * static_cast<double>(n),
                products * product,
                false};
  };
  const auto print_sum = [&](const Work& sum, double milliseconds) {
    print(sum, milliseconds, milliseconds, milliseconds);
  };
  const double forward = measure(work("forward", 4, 2), {[&] { return primal.forward(qkv); }});
  const double pullback = measure(work("pullback", 8, 5), {[&] { return primal.pullback(dy, qkv); }});
  print_sum(work("forward and pullback", 12, 7), forward + pullback);
  const double tangent = measure(work("tangent", 8, 5), {[&] { return primal.tangent(tangents, tqkv, qkv); }});
  print_sum(work("forward and tangent", 12, 6), forward + tangent);
  const double pullback_tangent = measure(work("pullback tangent", 13, 12),
                                          {[&] { return primal.pullback_tangent(tangents, dy, tdy, qkv, tqkv); }});
  print_sum(work("gradient and HVP", 33, 23), forward + tangent + pullback + pullback_tangent);
}

}  // namespace

void measure_attentions() {
  for (const int64_t head_size : {64, 128})
    for (const bool causal : {true, false}) {
      require_tangents(head_size, causal);
      if (tiny) {
        measure_attention(65, head_size, causal);
        continue;
      }
      for (int64_t context = 512; context <= 16384; context *= 2) measure_attention(context, head_size, causal);
    }
}
