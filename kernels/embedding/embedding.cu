// y[b,t] = token_table[tokens[b,t]] + position_table[first + t]. Reads 2 and writes 1 times batch*context*cols; bound
// by memory. The pullback adds rows of dy into the rows they came from: by token in the order of the tokens, by
// position in the order of the batch.
#include "rows_by_index.cuh"

namespace gatun {
namespace {

using rows_by_index::Pack;

/// dtable[p] = or += the sum over the batch of dy[b,p]; zero behind the context. One thread a piece of the table.
template <class T, int count> GATUN_KERNEL(loops::threads, 2)
embedding_pullback_positions(Wide<T>* dtable, const T* dy, int64_t batch, int64_t block, int64_t n, bool fresh) {
  using From = Pack<T, count>;
  using Sum = Pack<Wide<T>, count>;
  constexpr int in_flight = 8;
  const int64_t stride = blocks_x() * loops::threads * count;
  for (int64_t i = (block_x() * loops::threads + thread_index()) * count; i < n; i += stride) {
    auto sum = loops::load_unless<Sum>(fresh, dtable, i);
    for (int64_t b = 0; b < batch && i < block; b += in_flight) {
      From pieces[in_flight];
      for (int u = 0; u < in_flight; u++)
        if (b + u < batch) pieces[u] = load_once(reinterpret_cast<const From*>(dy + (b + u) * block + i));
      for (int u = 0; u < in_flight; u++)
        if (b + u < batch)
          for (int k = 0; k < count; k++) sum.at[k] += widened(pieces[u].at[k]);
    }
    store(reinterpret_cast<Sum*>(dtable + i), sum);
  }
}

template <class T> void position_gradient(gatun_stream& stream, Wide<T>* dtable, const T* dy, int64_t batch,
                                          int64_t context, int64_t cols, int64_t positions, bool fresh) {
  const int64_t block = context * cols, n = fresh ? positions * cols : block;
  if (n == 0) return;
  constexpr int count = Vector<Wide<T>>::count;
  if (block % count == 0 && n % count == 0 && aligned(dtable, dy))
    GATUN_LAUNCH(stream, (embedding_pullback_positions<T, count>), grid_for(stream, n, loops::threads * count),
                 loops::threads, 0, dtable, dy, batch, block, n, fresh);
  else
    GATUN_LAUNCH(stream, (embedding_pullback_positions<T, 1>), grid_for(stream, n, loops::threads), loops::threads, 0,
                 dtable, dy, batch, block, n, fresh);
}

}  // namespace

void embedding_forward(gatun_stream& stream, void* y, const void* token_table, const void* position_table,
                       const int32_t* tokens, const int32_t* first, int64_t batch, int64_t context, int64_t cols,
                       int64_t vocab, int64_t positions, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    rows_by_index::lookup<true, T>(stream, {(T*)y, (const T*)token_table, (const T*)position_table, tokens, first,
                                            batch * context, cols, vocab, context, positions, 0, 0});
  });
}

void embedding_pullback(gatun_stream& stream, void* dtoken_table, void* dposition_table, const void* dy,
                        const int32_t* tokens, int64_t batch, int64_t context, int64_t cols, int64_t vocab,
                        int64_t positions, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    if (dtoken_table)
      rows_by_index::add(stream, (W*)dtoken_table, (const T*)dy, tokens, batch * context, cols, vocab,
                         is_fresh(fresh, 0));
    if (dposition_table)
      position_gradient(stream, (W*)dposition_table, (const T*)dy, batch, context, cols, positions, is_fresh(fresh, 1));
  });
}

}  // namespace gatun
