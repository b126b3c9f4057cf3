#include "checks.h"

GATUN_BODY(attention_forward)
GATUN_BODY(attention_pullback)
GATUN_BODY(attention_tangent)
GATUN_BODY(attention_pullback_tangent)
GATUN_BODY(attention_decode)

using namespace gatun;

gatun_status gatun_attention_forward(gatun_stream* stream, void* y, void* lse, const void* qkv, const int32_t* bounds,
                                     int64_t batch, int64_t context, int64_t heads, int64_t head_size,
                                     int64_t documents, double scale, int32_t causal, gatun_dtype dtype) {
  return guarded([&] {
    check_attention(stream, batch, context, heads, head_size, scale, causal, dtype);
    const int64_t rows = product("batch * context", {batch, context});
    const int64_t cols = product("heads * head_size", {heads, head_size});
    arrays({{"y", y, {rows, cols}}, {"lse", lse, {rows, heads}}, {"qkv", qkv, {rows, 3, cols}}});
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
    check_attention(stream, batch, context, heads, head_size, scale, causal, dtype);
    const int64_t rows = product("batch * context", {batch, context});
    const int64_t cols = product("heads * head_size", {heads, head_size});
    arrays({{"delta", delta, {rows, heads}}, {"dqkv", dqkv, {rows, 3, cols}}, {"dy", dy, {rows, cols}}});
    arrays({{"qkv", qkv, {rows, 3, cols}}, {"y", y, {rows, cols}}, {"lse", lse, {rows, heads}}});
    check_documents(stream, bounds, documents, rows);
    run(stream, attention_pullback, delta, dqkv, dy, qkv, y, lse, bounds, batch, context, heads, head_size, documents,
        scale, causal, fresh, dtype);
  });
}

gatun_status gatun_attention_tangent(gatun_stream* stream, void* ty, void* tlse, const void* tqkv, const void* qkv,
                                     const void* y, const void* lse, const int32_t* bounds, int64_t batch,
                                     int64_t context, int64_t heads, int64_t head_size, int64_t documents, double scale,
                                     int32_t causal, gatun_dtype dtype) {
  return guarded([&] {
    check_attention(stream, batch, context, heads, head_size, scale, causal, dtype);
    const int64_t rows = product("batch * context", {batch, context});
    const int64_t cols = product("heads * head_size", {heads, head_size});
    arrays({{"ty", ty, {rows, cols}}, {"tlse", tlse, {rows, heads}}, {"tqkv", tqkv, {rows, 3, cols}}});
    arrays({{"qkv", qkv, {rows, 3, cols}}, {"y", y, {rows, cols}}, {"lse", lse, {rows, heads}}});
    check_documents(stream, bounds, documents, rows);
    run(stream, attention_tangent, ty, tlse, tqkv, qkv, y, lse, bounds, batch, context, heads, head_size, documents,
        scale, causal, dtype);
  });
}

gatun_status gatun_attention_pullback_tangent(gatun_stream* stream, void* delta, void* tdelta, void* tdqkv,
                                              const void* dy, const void* tdy, const void* qkv, const void* tqkv,
                                              const void* y, const void* ty, const void* lse, const void* tlse,
                                              const int32_t* bounds, int64_t batch, int64_t context, int64_t heads,
                                              int64_t head_size, int64_t documents, double scale, int32_t causal,
                                              int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check_attention(stream, batch, context, heads, head_size, scale, causal, dtype);
    const int64_t rows = product("batch * context", {batch, context});
    const int64_t cols = product("heads * head_size", {heads, head_size});
    arrays({{"delta", delta, {rows, heads}}, {"tdelta", tdelta, {rows, heads}}, {"tdqkv", tdqkv, {rows, 3, cols}}});
    arrays(
        {{"dy", dy, {rows, cols}}, {"qkv", qkv, {rows, 3, cols}}, {"y", y, {rows, cols}}, {"lse", lse, {rows, heads}}});
    check_documents(stream, bounds, documents, rows);
    run(stream, attention_pullback_tangent, delta, tdelta, tdqkv, dy, tdy, qkv, tqkv, y, ty, lse, tlse, bounds, batch,
        context, heads, head_size, documents, scale, causal, fresh, dtype);
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
    const int64_t vectors = product("batch * heads * head_size", {batch, heads, head_size});
    arrays({{"y", y, vectors}, {"keys", keys, {vectors, capacity}}, {"values", values, {vectors, capacity}}});
    arrays({{"qkv", qkv, {3, vectors}}, {"position", position, 1}});
    in_range(stream, "position", position, 1, capacity);
    run(stream, attention_decode, y, keys, values, qkv, position, batch, heads, capacity, head_size, scale, dtype);
  });
}
