// With p = exp(scale * q k^T - lse), recomputed tile by tile, and delta = rowsum(dy * y):
//   dv = p^T dy     ds = p * (dy v^T - delta)     dk = scale * ds^T q     dq = scale * ds k
// Five products of 64 x 64 x head_size a pair of tiles; bound by arithmetic (Dao 2022).
//
// A tile of keys collects its dk and dv while walking the queries, and adds its share to each dq on the way. Two
// threads must not do that to one head; so where the heads are too few to occupy the team, dq is left to a second walk
// that belongs to the tile of queries: seven products, but any number of threads. In bf16 the shares of a dq add up in
// fp32 and are rounded once: for that a thread has scratch memory of one head's dq.
// Trap: both ways give the same bits only because they add up the same tiles in the same order of keys.
#include <omp.h>

#include "body.h"
#include "clear.h"
#include "documents.h"
#include "fast_math.h"
#include "heads.h"
#include "shares.h"
#include "team.h"
#include "tiles.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> struct Arguments {
  Wide<T>* delta;
  T* dqkv;
  const T *dy, *qkv, *y;
  const Wide<T>* lse;
  Heads h;
  Wide<T> scale;
  bool fresh;
  PackedDocuments documents;
};

/// Tiles of a task that owns keys. Scores lie (queries, keys). `apart` are the numbers of `sums`, what dq adds up in.
template <class W> struct KeyTiles {
  W *keys, *keys_transposed, *values_transposed, *queries, *dy, *weights, *dscores, *dkeys, *dvalues, *dqueries, *sums;
  int64_t bytes;

  KeyTiles(char* start, int64_t head_size, int64_t apart) {
    Cutter cutter{start};
    const int64_t extent = tile * padded(head_size);
    keys = cutter.cut<W>(extent);
    keys_transposed = cutter.cut<W>(extent);
    values_transposed = cutter.cut<W>(extent);
    queries = cutter.cut<W>(extent);
    dy = cutter.cut<W>(extent);
    weights = cutter.cut<W>(tile * tile);
    dscores = cutter.cut<W>(tile * tile);
    dkeys = cutter.cut<W>(extent);
    dvalues = cutter.cut<W>(extent);
    dqueries = cutter.cut<W>(extent);
    sums = cutter.cut<W>(apart);
    bytes = cutter.bytes;
  }
};

/// Tiles of a task that owns queries. Scores lie (keys, queries).
template <class W> struct QueryTiles {
  W *queries_transposed, *dy_transposed, *keys, *values, *weights, *dscores, *dqueries, *sums;
  int64_t bytes;

  QueryTiles(char* start, int64_t head_size, int64_t apart) {
    Cutter cutter{start};
    const int64_t extent = tile * padded(head_size);
    queries_transposed = cutter.cut<W>(extent);
    dy_transposed = cutter.cut<W>(extent);
    keys = cutter.cut<W>(extent);
    values = cutter.cut<W>(extent);
    weights = cutter.cut<W>(tile * tile);
    dscores = cutter.cut<W>(tile * tile);
    dqueries = cutter.cut<W>(extent);
    sums = cutter.cut<W>(apart);
    bytes = cutter.bytes;
  }
};

/// lse and delta of a tile of queries, with zeros behind its end.
template <class W> struct Statistics {
  W lse[tile], delta[tile];

  template <class T> Statistics(const Arguments<T>& a, int64_t pair, Span queries) {
    const int64_t first = pair * a.h.context + queries.start;
    for (int64_t q = 0; q < tile; q++) {
      lse[q] = q < queries.count ? a.lse[first + q] : W(0);
      delta[q] = q < queries.count ? a.delta[first + q] : W(0);
    }
  }
};

/// On entry scores and dy v^T; on return p and scale * ds.
template <Queries queries, class W>
void differentiate(W* weights, W* dscores, const Statistics<W>& of, W scale, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; r++)
#pragma omp simd
    for (int64_t c = 0; c < width; c++) {
      const int64_t q = queries == Queries::in_rows ? r : c;
      const W weight = fast_exp(weights[r * tile + c] - of.lse[q]);
      weights[r * tile + c] = weight;
      dscores[r * tile + c] = weight * (dscores[r * tile + c] - of.delta[q]) * scale;
    }
}

/// dk and dv of one tile of keys and, where there are rows of dq, its share of every one.
template <class T> void walk_queries(const Arguments<T>& a, int64_t pair, int64_t block, Rows<Wide<T>> dq,
                                     const KeyTiles<Wide<T>>& tiles) {
  using W = Wide<T>;
  const auto keys = span(block, a.h.context);
  const int64_t cols = a.h.head_size, stride = padded(cols), width = padded(keys.count);
  load_rows(tiles.dy, packed_rows(a.qkv, a.h, pair, value_part).from(keys.start), keys.count, cols);
  transpose_tile(tiles.values_transposed, tiles.dy, keys.count, cols);
  load_rows(tiles.keys, packed_rows(a.qkv, a.h, pair, key_part).from(keys.start), keys.count, cols);
  transpose_tile(tiles.keys_transposed, tiles.keys, keys.count, cols);
  const auto documents = a.documents.of(a.h, pair);
  const int64_t first = a.h.causal ? block : documents.first_tile(keys);
  for (int64_t q = first; q < documents.end_tile(keys, a.h.context); q++) {
    const auto queries = span(q, a.h.context);
    const bool diagonal = a.h.causal && q == block;
    load_rows(tiles.queries, packed_rows(a.qkv, a.h, pair, query_part).from(queries.start), queries.count, cols);
    load_rows(tiles.dy, output_rows(a.dy, a.h, pair).from(queries.start), queries.count, cols);
    multiply_tiles<W>({tiles.weights, tile}, as_stored(tiles.queries, stride), {tiles.keys_transposed, tile},
                      queries.count, width, cols, false, a.scale, on_diagonal(diagonal, Counts::columns_to_row));
    multiply_tiles<W>({tiles.dscores, tile}, as_stored(tiles.dy, stride), {tiles.values_transposed, tile},
                      queries.count, width, cols, false, 1, on_diagonal(diagonal, Counts::columns_to_row));
    differentiate<Queries::in_rows>(tiles.weights, tiles.dscores, Statistics<W>(a, pair, queries), a.scale,
                                    queries.count, width);
    W* const all_scores[] = {tiles.weights, tiles.dscores};
    for (W* const scores : all_scores) {
      if (diagonal) clear_later_keys<Queries::in_rows>(scores, queries.count);
      if (documents.part(queries, keys)) clear_other_documents(scores, documents.first, queries, keys);
    }
    multiply_tiles<W>({tiles.dvalues, stride}, transposed(tiles.weights, tile), {tiles.dy, stride}, keys.count, cols,
                      queries.count, q > first, 1, on_diagonal(diagonal, Counts::inner_from_row));
    multiply_tiles<W>({tiles.dkeys, stride}, transposed(tiles.dscores, tile), {tiles.queries, stride}, keys.count, cols,
                      queries.count, q > first, 1, on_diagonal(diagonal, Counts::inner_from_row));
    if (!dq.at) continue;
    multiply_tiles<W>({tiles.dqueries, stride}, as_stored(tiles.dscores, tile), {tiles.keys, stride}, queries.count,
                      cols, keys.count, false, 1, on_diagonal(diagonal, Counts::inner_to_row));
    store_rows(dq.from(queries.start), tiles.dqueries, queries.count, cols,
               a.fresh && block == documents.first_tile(queries));
  }
  store_rows(packed_rows(a.dqkv, a.h, pair, key_part).from(keys.start), tiles.dkeys, keys.count, cols, a.fresh);
  store_rows(packed_rows(a.dqkv, a.h, pair, value_part).from(keys.start), tiles.dvalues, keys.count, cols, a.fresh);
}

/// dq of one tile of queries.
template <class T>
void walk_keys(const Arguments<T>& a, int64_t pair, int64_t block, const QueryTiles<Wide<T>>& tiles) {
  using W = Wide<T>;
  const auto queries = span(block, a.h.context);
  const int64_t cols = a.h.head_size, stride = padded(cols), width = padded(queries.count);
  load_rows(tiles.keys, packed_rows(a.qkv, a.h, pair, query_part).from(queries.start), queries.count, cols);
  transpose_tile(tiles.queries_transposed, tiles.keys, queries.count, cols);
  load_rows(tiles.keys, output_rows(a.dy, a.h, pair).from(queries.start), queries.count, cols);
  transpose_tile(tiles.dy_transposed, tiles.keys, queries.count, cols);
  const Statistics<W> statistics(a, pair, queries);
  const auto documents = a.documents.of(a.h, pair);
  const int64_t first = documents.first_tile(queries);
  const int64_t end = a.h.causal ? block + 1 : documents.end_tile(queries, a.h.context);
  const auto rows = packed_rows(a.dqkv, a.h, pair, query_part).from(queries.start);
  const auto dq = sums_of(rows, tiles.sums, queries.count, cols, a.fresh);
  for (int64_t k = first; k < end; k++) {
    const auto keys = span(k, a.h.context);
    const bool diagonal = a.h.causal && k == block;
    load_rows(tiles.keys, packed_rows(a.qkv, a.h, pair, key_part).from(keys.start), keys.count, cols);
    load_rows(tiles.values, packed_rows(a.qkv, a.h, pair, value_part).from(keys.start), keys.count, cols);
    multiply_tiles<W>({tiles.weights, tile}, as_stored(tiles.keys, stride), {tiles.queries_transposed, tile},
                      keys.count, width, cols, false, a.scale, on_diagonal(diagonal, Counts::columns_from_row));
    multiply_tiles<W>({tiles.dscores, tile}, as_stored(tiles.values, stride), {tiles.dy_transposed, tile}, keys.count,
                      width, cols, false, 1, on_diagonal(diagonal, Counts::columns_from_row));
    differentiate<Queries::in_lanes>(tiles.weights, tiles.dscores, statistics, a.scale, keys.count, width);
    W* const all_scores[] = {tiles.weights, tiles.dscores};
    for (W* const scores : all_scores) {
      if (diagonal) clear_later_keys<Queries::in_lanes>(scores, keys.count);
      if (documents.part(keys, queries)) clear_other_documents(scores, documents.first, keys, queries);
    }
    multiply_tiles<W>({tiles.dqueries, stride}, transposed(tiles.dscores, tile), {tiles.keys, stride}, queries.count,
                      cols, keys.count, false, 1, on_diagonal(diagonal, Counts::inner_to_row));
    store_rows(dq, tiles.dqueries, queries.count, cols, a.fresh && k == first);
  }
  keep_sums(rows, dq, queries.count, cols);
}

/// A row's sum is one chain from column 0 on, as the products have it: where one weight is 1, and y its value, dy v^T
/// and delta cancel exactly, and so a single key has a gradient of 0. Lanes are rows, 8 of them, for more would push
/// each other out of the cache.
template <class T> void sum_dy_times_y(const Arguments<T>& a, int threads) {
  constexpr int64_t most = 8;
  const int64_t groups = (a.h.context + most - 1) / most;
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t task = 0; task < a.h.pairs() * groups; task++) {
    const int64_t pair = task / groups, start = task % groups * most, rest = a.h.context - start;
    const int64_t count = rest < most ? rest : most;
    const auto dy = output_rows(a.dy, a.h, pair).from(start), y = output_rows(a.y, a.h, pair).from(start);
    Wide<T> sums[most] = {};
    for (int64_t c = 0; c < a.h.head_size; c++)
#pragma omp simd
      for (int64_t r = 0; r < count; r++)
        sums[r] += widened(dy.at[r * dy.stride + c]) * widened(y.at[r * y.stride + c]);
    for (int64_t r = 0; r < count; r++) a.delta[pair * a.h.context + start + r] = sums[r];
  }
}

template <class T> void pullback_by_heads(const Arguments<T>& a, int threads, char* scratch, int64_t bytes) {
  const int64_t context = a.h.context, cols = a.h.head_size;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int64_t pair = 0; pair < a.h.pairs(); pair++) {
    const KeyTiles<Wide<T>> tiles(scratch + omp_get_thread_num() * bytes, cols, apart<T>(context, cols));
    const auto rows = packed_rows(a.dqkv, a.h, pair, query_part);
    const auto dq = sums_of(rows, tiles.sums, context, cols, a.fresh);
    for (int64_t block = 0; block < tiles_in(context); block++) walk_queries(a, pair, block, dq, tiles);
    keep_sums(rows, dq, context, cols);
  }
}

/// The longest tasks of a head come first; whichever thread takes one, it yields the same bits.
template <class T> void pullback_by_tiles(const Arguments<T>& a, int threads, char* scratch, int64_t bytes) {
  const int64_t blocks = tiles_in(a.h.context), tasks = a.h.pairs() * blocks, cols = a.h.head_size;
#pragma omp parallel num_threads(threads)
  {
    char* const share = scratch + omp_get_thread_num() * bytes;
    const KeyTiles<Wide<T>> key_tiles(share, cols, 0);
    const QueryTiles<Wide<T>> query_tiles(share, cols, apart<T>(tile, cols));
#pragma omp for schedule(dynamic)
    for (int64_t task = 0; task < tasks; task++) walk_queries(a, task / blocks, task % blocks, {}, key_tiles);
#pragma omp for schedule(dynamic)
    for (int64_t task = 0; task < tasks; task++) walk_keys(a, task / blocks, blocks - 1 - task % blocks, query_tiles);
  }
}

/// Five products while the last round of heads leaves part of the team idle, or seven with no one idle.
bool heads_occupy(int threads, int64_t pairs) {
  const int64_t rounds = (pairs + threads - 1) / threads;
  return 5 * rounds * threads <= 7 * pairs;
}

template <class T> void pullback(Arguments<T> a, const int32_t* bounds, int64_t documents) {
  const int threads = team_for(a.h);
  const bool occupied = heads_occupy(threads, a.h.pairs());
  const int64_t numbers_apart = occupied ? apart<T>(a.h.context, a.h.head_size) : 0;
  const int64_t bytes = KeyTiles<Wide<T>>(nullptr, a.h.head_size, numbers_apart).bytes;  // more than QueryTiles take
  char* const scratch = team_scratch(1, threads * bytes + PackedDocuments::bytes(a.h, bounds));
  a.documents = PackedDocuments::mark(scratch + threads * bytes, a.h, bounds, documents);
  sum_dy_times_y(a, threads);
  if (occupied)
    pullback_by_heads(a, threads, scratch, bytes);
  else
    pullback_by_tiles(a, threads, scratch, bytes);
}

}  // namespace

void attention_pullback(gatun_stream&, void* delta, void* dqkv, const void* dy, const void* qkv, const void* y,
                        const void* lse, const int32_t* bounds, int64_t batch, int64_t context, int64_t heads,
                        int64_t head_size, int64_t documents, double scale, int32_t causal, int32_t fresh,
                        gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    pullback<T>({(Wide<T>*)delta,
                 (T*)dqkv,
                 (const T*)dy,
                 (const T*)qkv,
                 (const T*)y,
                 (const Wide<T>*)lse,
                 {batch, context, heads, head_size, causal == 1},
                 Wide<T>(scale),
                 is_fresh(fresh, 0),
                 {}},
                bounds, documents);
  });
}

}  // namespace gatun::GATUN_LEVEL
