// With p = exp(scale * q k^T - lse), recomputed tile by tile, and delta = rowsum(dy * y):
//   dv = p^T dy     ds = p * (dy v^T - delta)     dk = scale * ds^T q     dq = scale * ds k
// Five products of 64 x 64 x head_size a pair of tiles; bound by arithmetic (Dao 2022).
//
// A tile of keys collects its dk and dv while walking the queries, and adds its share to each dq on the way. Two
// threads must not do that to one head; so where the heads are too few to occupy the team, dq is left to a second walk
// that belongs to the tile of queries: seven products, but any number of threads.
// Trap: both ways give the same bits only because they add up the same tiles in the same order of keys.
#include <omp.h>

#include "body.h"
#include "clear.h"
#include "documents.h"
#include "fast_math.h"
#include "heads.h"
#include "team.h"
#include "tiles.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> struct Arguments {
  T *delta, *dqkv;
  const T *dy, *qkv, *y, *lse;
  Heads h;
  T scale;
  bool fresh;
  PackedDocuments documents;
};

/// Tiles of a task that owns keys. Scores lie (queries, keys).
template <class T> struct KeyTiles {
  T *keys, *keys_transposed, *values_transposed, *queries, *dy, *weights, *dscores, *dkeys, *dvalues, *dqueries;
  int64_t bytes;

  KeyTiles(char* start, int64_t head_size) {
    Cutter cutter{start};
    const int64_t extent = tile * padded(head_size);
    keys = cutter.cut<T>(extent);
    keys_transposed = cutter.cut<T>(extent);
    values_transposed = cutter.cut<T>(extent);
    queries = cutter.cut<T>(extent);
    dy = cutter.cut<T>(extent);
    weights = cutter.cut<T>(tile * tile);
    dscores = cutter.cut<T>(tile * tile);
    dkeys = cutter.cut<T>(extent);
    dvalues = cutter.cut<T>(extent);
    dqueries = cutter.cut<T>(extent);
    bytes = cutter.bytes;
  }
};

/// Tiles of a task that owns queries. Scores lie (keys, queries).
template <class T> struct QueryTiles {
  T *queries_transposed, *dy_transposed, *keys, *values, *weights, *dscores, *dqueries;
  int64_t bytes;

  QueryTiles(char* start, int64_t head_size) {
    Cutter cutter{start};
    const int64_t extent = tile * padded(head_size);
    queries_transposed = cutter.cut<T>(extent);
    dy_transposed = cutter.cut<T>(extent);
    keys = cutter.cut<T>(extent);
    values = cutter.cut<T>(extent);
    weights = cutter.cut<T>(tile * tile);
    dscores = cutter.cut<T>(tile * tile);
    dqueries = cutter.cut<T>(extent);
    bytes = cutter.bytes;
  }
};

/// lse and delta of a tile of queries, with zeros behind its end.
template <class T> struct Statistics {
  T lse[tile], delta[tile];

  Statistics(const Arguments<T>& a, int64_t pair, Span queries) {
    const int64_t first = pair * a.h.context + queries.start;
    for (int64_t q = 0; q < tile; q++) {
      lse[q] = q < queries.count ? a.lse[first + q] : T(0);
      delta[q] = q < queries.count ? a.delta[first + q] : T(0);
    }
  }
};

/// On entry scores and dy v^T; on return p and scale * ds.
template <Queries queries, class T>
void differentiate(T* weights, T* dscores, const Statistics<T>& of, T scale, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; r++)
#pragma omp simd
    for (int64_t c = 0; c < width; c++) {
      const int64_t q = queries == Queries::in_rows ? r : c;
      const T weight = fast_exp(weights[r * tile + c] - of.lse[q]);
      weights[r * tile + c] = weight;
      dscores[r * tile + c] = weight * (dscores[r * tile + c] - of.delta[q]) * scale;
    }
}

template <class T> void add_share_of_dq(const Arguments<T>& a, int64_t pair, Span queries, const T* dq, bool first) {
  store_rows(packed_rows(a.dqkv, a.h, pair, query_part).from(queries.start), dq, queries.count, a.h.head_size,
             a.fresh && first);
}

/// dk and dv of one tile of keys and, where asked, its share of every dq.
template <class T>
void walk_queries(const Arguments<T>& a, int64_t pair, int64_t block, bool with_dq, const KeyTiles<T>& tiles) {
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
    load_rows(tiles.queries, packed_rows(a.qkv, a.h, pair, query_part).from(queries.start), queries.count, cols);
    load_rows(tiles.dy, output_rows(a.dy, a.h, pair).from(queries.start), queries.count, cols);
    multiply_tiles<T>({tiles.weights, tile}, as_stored(tiles.queries, stride), {tiles.keys_transposed, tile},
                      queries.count, width, cols, false, a.scale);
    multiply_tiles<T>({tiles.dscores, tile}, as_stored(tiles.dy, stride), {tiles.values_transposed, tile},
                      queries.count, width, cols, false);
    differentiate<Queries::in_rows>(tiles.weights, tiles.dscores, Statistics<T>(a, pair, queries), a.scale,
                                    queries.count, width);
    T* const all_scores[] = {tiles.weights, tiles.dscores};
    for (T* const scores : all_scores) {
      if (a.h.causal && q == block) clear_later_keys<Queries::in_rows>(scores, queries.count);
      if (documents.part(queries, keys)) clear_other_documents(scores, documents.first, queries, keys);
    }
    multiply_tiles<T>({tiles.dvalues, stride}, transposed(tiles.weights, tile), {tiles.dy, stride}, keys.count, cols,
                      queries.count, q > first);
    multiply_tiles<T>({tiles.dkeys, stride}, transposed(tiles.dscores, tile), {tiles.queries, stride}, keys.count, cols,
                      queries.count, q > first);
    if (!with_dq) continue;
    multiply_tiles<T>({tiles.dqueries, stride}, as_stored(tiles.dscores, tile), {tiles.keys, stride}, queries.count,
                      cols, keys.count, false);
    add_share_of_dq(a, pair, queries, tiles.dqueries, block == documents.first_tile(queries));
  }
  store_rows(packed_rows(a.dqkv, a.h, pair, key_part).from(keys.start), tiles.dkeys, keys.count, cols, a.fresh);
  store_rows(packed_rows(a.dqkv, a.h, pair, value_part).from(keys.start), tiles.dvalues, keys.count, cols, a.fresh);
}

/// dq of one tile of queries.
template <class T> void walk_keys(const Arguments<T>& a, int64_t pair, int64_t block, const QueryTiles<T>& tiles) {
  const auto queries = span(block, a.h.context);
  const int64_t cols = a.h.head_size, stride = padded(cols), width = padded(queries.count);
  load_rows(tiles.keys, packed_rows(a.qkv, a.h, pair, query_part).from(queries.start), queries.count, cols);
  transpose_tile(tiles.queries_transposed, tiles.keys, queries.count, cols);
  load_rows(tiles.keys, output_rows(a.dy, a.h, pair).from(queries.start), queries.count, cols);
  transpose_tile(tiles.dy_transposed, tiles.keys, queries.count, cols);
  const Statistics<T> statistics(a, pair, queries);
  const auto documents = a.documents.of(a.h, pair);
  const int64_t first = documents.first_tile(queries);
  const int64_t end = a.h.causal ? block + 1 : documents.end_tile(queries, a.h.context);
  for (int64_t k = first; k < end; k++) {
    const auto keys = span(k, a.h.context);
    load_rows(tiles.keys, packed_rows(a.qkv, a.h, pair, key_part).from(keys.start), keys.count, cols);
    load_rows(tiles.values, packed_rows(a.qkv, a.h, pair, value_part).from(keys.start), keys.count, cols);
    multiply_tiles<T>({tiles.weights, tile}, as_stored(tiles.keys, stride), {tiles.queries_transposed, tile},
                      keys.count, width, cols, false, a.scale);
    multiply_tiles<T>({tiles.dscores, tile}, as_stored(tiles.values, stride), {tiles.dy_transposed, tile}, keys.count,
                      width, cols, false);
    differentiate<Queries::in_lanes>(tiles.weights, tiles.dscores, statistics, a.scale, keys.count, width);
    T* const all_scores[] = {tiles.weights, tiles.dscores};
    for (T* const scores : all_scores) {
      if (a.h.causal && k == block) clear_later_keys<Queries::in_lanes>(scores, keys.count);
      if (documents.part(keys, queries)) clear_other_documents(scores, documents.first, keys, queries);
    }
    multiply_tiles<T>({tiles.dqueries, stride}, transposed(tiles.dscores, tile), {tiles.keys, stride}, queries.count,
                      cols, keys.count, false);
    add_share_of_dq(a, pair, queries, tiles.dqueries, k == first);
  }
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
    T sums[most] = {};
    for (int64_t c = 0; c < a.h.head_size; c++)
#pragma omp simd
      for (int64_t r = 0; r < count; r++) sums[r] += dy.at[r * dy.stride + c] * y.at[r * y.stride + c];
    for (int64_t r = 0; r < count; r++) a.delta[pair * a.h.context + start + r] = sums[r];
  }
}

template <class T> void pullback_by_heads(const Arguments<T>& a, int threads, char* scratch, int64_t bytes) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int64_t pair = 0; pair < a.h.pairs(); pair++) {
    const KeyTiles<T> tiles(scratch + omp_get_thread_num() * bytes, a.h.head_size);
    for (int64_t block = 0; block < tiles_in(a.h.context); block++) walk_queries(a, pair, block, true, tiles);
  }
}

/// The longest tasks of a head come first; whichever thread takes one, it yields the same bits.
template <class T> void pullback_by_tiles(const Arguments<T>& a, int threads, char* scratch, int64_t bytes) {
  const int64_t blocks = tiles_in(a.h.context), tasks = a.h.pairs() * blocks;
#pragma omp parallel num_threads(threads)
  {
    char* const share = scratch + omp_get_thread_num() * bytes;
    const KeyTiles<T> key_tiles(share, a.h.head_size);
    const QueryTiles<T> query_tiles(share, a.h.head_size);
#pragma omp for schedule(dynamic)
    for (int64_t task = 0; task < tasks; task++) walk_queries(a, task / blocks, task % blocks, false, key_tiles);
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
  const int64_t bytes = KeyTiles<T>(nullptr, a.h.head_size).bytes;  // more than QueryTiles take
  char* const scratch = team_scratch(1, threads * bytes + PackedDocuments::bytes(a.h, bounds));
  a.documents = PackedDocuments::mark(scratch + threads * bytes, a.h, bounds, documents);
  sum_dy_times_y(a, threads);
  if (heads_occupy(threads, a.h.pairs()))
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
    pullback<T>({(T*)delta,
                 (T*)dqkv,
                 (const T*)dy,
                 (const T*)qkv,
                 (const T*)y,
                 (const T*)lse,
                 {batch, context, heads, head_size, causal == 1},
                 T(scale),
                 is_fresh(fresh, 0),
                 {}},
                bounds, documents);
  });
}

}  // namespace gatun::GATUN_LEVEL
