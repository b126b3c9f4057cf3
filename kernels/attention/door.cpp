#include "door.h"

#include <cmath>

GATUN_BODY(attention_forward)
GATUN_BODY(attention_pullback)
GATUN_BODY(attention_decode)

using namespace gatun;

namespace {

void check_scale(double scale) { require(std::isfinite(scale), "scale is ", scale, "; it must be finite"); }

/// Bounds are counted in int32, as tokens are.
void check_documents(gatun_stream* stream, const int32_t* bounds, int64_t documents, int64_t positions) {
  sizes({{"documents", documents}});
  if (!bounds) return require(documents == 0, "documents is ", documents, " but bounds is null; then it must be 0");
  require(documents > 0 || positions == 0, "documents is 0, but bounds are given and there are ", positions,
          " positions");
  require(positions <= std::numeric_limits<int32_t>::max(), "bounds cannot count batch * context = ", positions,
          " positions");
  in_range(stream, "bounds", bounds, documents + 1, positions + 1);
}

}  // namespace

gatun_status gatun_attention_forward(gatun_stream* stream, void* y, void* lse, const void* qkv, const int32_t* bounds,
                                     int64_t batch, int64_t context, int64_t heads, int64_t head_size,
                                     int64_t documents, double scale, int32_t causal, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"batch", batch}, {"context", context}});
    positive({{"heads", heads}, {"head_size", head_size}});
    check_scale(scale);
    one_of("causal", causal, 2);
    const int64_t rows = batch * context, cols = heads * head_size;
    arrays({{"y", y, rows * cols}, {"lse", lse, rows * heads}, {"qkv", qkv, rows * 3 * cols}});
    check_documents(stream, bounds, documents, rows);
    run(stream, attention_forward, y, lse, qkv, bounds, batch, context, heads, head_size, documents, scale, causal,
        dtype);
  });
}

gatun_status gatun_attention_pullback(gatun_stream* stream, void* delta, void* dqkv, const void* dy, const void* qkv,
                                      const void* y, const void* lse, const int32_t* bounds, int64_t batch,
                                      int64_t context, int64_t heads, int64_t head_size, int64_t documents,
                                      double scale, int32_t causal, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"batch", batch}, {"context", context}});
    positive({{"heads", heads}, {"head_size", head_size}});
    check_scale(scale);
    one_of("causal", causal, 2);
    const int64_t rows = batch * context, cols = heads * head_size;
    arrays({{"delta", delta, rows * heads}, {"dqkv", dqkv, rows * 3 * cols}, {"dy", dy, rows * cols}});
    arrays({{"qkv", qkv, rows * 3 * cols}, {"y", y, rows * cols}, {"lse", lse, rows * heads}});
    check_documents(stream, bounds, documents, rows);
    run(stream, attention_pullback, delta, dqkv, dy, qkv, y, lse, bounds, batch, context, heads, head_size, documents,
        scale, causal, fresh, dtype);
  });
}

gatun_status gatun_attention_decode(gatun_stream* stream, void* y, void* keys, void* values, const void* qkv,
                                    const int32_t* position, int64_t batch, int64_t heads, int64_t capacity,
                                    int64_t head_size, double scale, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"batch", batch}});
    positive({{"heads", heads}, {"capacity", capacity}, {"head_size", head_size}});
    check_scale(scale);
    const int64_t vectors = batch * heads * head_size;
    arrays({{"y", y, vectors}, {"keys", keys, vectors * capacity}, {"values", values, vectors * capacity}});
    arrays({{"qkv", qkv, 3 * vectors}, {"position", position, 1}});
    in_range(stream, "position", position, 1, capacity);
    run(stream, attention_decode, y, keys, values, qkv, position, batch, heads, capacity, head_size, scale, dtype);
  });
}
