// y[b,t] = token_table[tokens[b,t]] + position_table[first + t]. Reads 2 and writes 1 times batch*context*cols; bound
// by memory. The pullback adds rows of dy into the rows they came from: by token in the order of the tokens, by
// position in the order of the batch.
#include "pieces.cuh"
#include "rows_by_index.cuh"

namespace gatun {
namespace {

/// dtable[p] = or += the sum over the batch of dy[b,p]; zero behind the context. One thread a piece of the table.
template <class T, template <class> class Piece> GATUN_KERNEL(loops::threads, 2)
embedding_pullback_positions(Wide<T>* dtable, const T* dy, int64_t batch, int64_t block, int64_t n, bool fresh) {
  using P = Pieces<T, Piece>;
  constexpr int in_flight = 8;
  const int64_t pieces = n / P::count, own = block_x() * loops::threads + warp_index() * 32;
  for (int64_t first = own; first < pieces; first += blocks_x() * loops::threads) {
    const int64_t p = first + lane_index();
    typename P::Values sum{};
    if (!fresh) sum = P::read_wide_together(dtable, first, pieces);
    for (int64_t b = 0; b < batch && p < block / P::count; b += in_flight) {
      typename P::Stored found[in_flight];
      GATUN_UNROLL
      for (int u = 0; u < in_flight; u++)
        if (b + u < batch) found[u] = P::fetch(dy + (b + u) * block, p);
      GATUN_UNROLL
      for (int u = 0; u < in_flight; u++)
        if (b + u < batch)
          for (int k = 0; k < P::count; k++) sum.at[k] += widened(found[u].at[k]);
    }
    P::write_wide_together(dtable, first, pieces, sum);
  }
}

template <class T> void position_gradient(gatun_stream& stream, Wide<T>* dtable, const T* dy, int64_t batch,
                                          int64_t context, int64_t cols, int64_t positions, bool fresh) {
  const int64_t block = context * cols, n = fresh ? positions * cols : block;
  if (n == 0) return;
  constexpr int count = Vector<T>::count;
  if (block % count == 0 && n % count == 0 && aligned(dtable, dy))
    GATUN_LAUNCH(stream, (embedding_pullback_positions<T, Vector>), grid_for(stream, n, loops::threads * count),
                 loops::threads, 0, dtable, dy, batch, block, n, fresh);
  else
    GATUN_LAUNCH(stream, (embedding_pullback_positions<T, One>), grid_for(stream, n, loops::threads), loops::threads, 0,
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
