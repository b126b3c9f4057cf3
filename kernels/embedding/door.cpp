#include "door.h"

GATUN_BODY(embedding_forward)
GATUN_BODY(embedding_pullback)

using namespace gatun;

namespace {

void shapes(int64_t batch, int64_t context, int64_t cols, int64_t vocab, int64_t positions) {
  sizes({{"batch", batch}, {"context", context}});
  positive({{"cols", cols}, {"vocab", vocab}, {"positions", positions}});
  product("vocab * cols", {vocab, cols});
  product("positions * cols", {positions, cols});
  require(context <= positions, "context is ", context, ", but there are only ", positions, " positions");
}

}  // namespace

gatun_status gatun_embedding_forward(gatun_stream* stream, void* y, const void* token_table, const void* position_table,
                                     const int32_t* tokens, const int32_t* first, int64_t batch, int64_t context,
                                     int64_t cols, int64_t vocab, int64_t positions, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    shapes(batch, context, cols, vocab, positions);
    arrays({{"y", y, {batch, context, cols}}, {"tokens", tokens, {batch, context}}});
    arrays({{"token_table", token_table, {vocab, cols}}, {"position_table", position_table, {positions, cols}}});
    in_range(stream, "tokens", tokens, batch * context, vocab);
    if (first) in_range(stream, "first", first, 1, positions - context + 1);
    run(stream, embedding_forward, y, token_table, position_table, tokens, first, batch, context, cols, vocab,
        positions, dtype);
  });
}

gatun_status gatun_embedding_pullback(gatun_stream* stream, void* dtoken_table, void* dposition_table, const void* dy,
                                      const int32_t* tokens, int64_t batch, int64_t context, int64_t cols,
                                      int64_t vocab, int64_t positions, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    shapes(batch, context, cols, vocab, positions);
    arrays({{"dy", dy, {batch, context, cols}}, {"tokens", tokens, {batch, context}}});
    in_range(stream, "tokens", tokens, batch * context, vocab);
    run(stream, embedding_pullback, dtoken_table, dposition_table, dy, tokens, batch, context, cols, vocab, positions,
        fresh, dtype);
  });
}
