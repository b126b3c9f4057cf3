// The directional derivative of attention's pullback. With p = exp(scale * q k^T - lse), delta = rowsum(dy * y), and
//   ts = scale * (tq k^T + q tk^T)     tdp = tdy v^T + dy tv^T     tdelta = rowsum(tdy * y + dy * ty)
//   ds = p * (dy v^T - delta)     tp = p * (ts - tlse)     tds = tp * (dy v^T - delta) + p * (tdp - tdelta)
// it is
//   tdq = scale * (tds k + ds tk)     tdk = scale * (tds^T q + ds^T tq)     tdv = tp^T dy + p^T tdy
// Twelve products of 64 x 64 x head_size a pair of tiles; bound by arithmetic. The walks are those of the pullback: a
// tile of keys collects its tdk and tdv while walking the queries and adds its share to each tdq on the way; or, where
// the heads are too few to occupy the team, tdq is left to a second walk that belongs to the tile of queries: eighteen
// products, but any number of threads. In bf16 the shares of a tdq add up in fp32 and are rounded once: for that a
// thread has scratch memory of one head's tdq.
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

/// tdy, tqkv, ty and tlse are null where they are zero.
template <class T> struct Arguments {
  using W = Wide<T>;
  W *delta, *tdelta;
  T* tdqkv;
  const T *dy, *tdy, *qkv, *tqkv, *y, *ty;
  const W *lse, *tlse;
  Heads h;
  W scale;
  bool fresh;
  PackedDocuments documents;
};

/// Scores lie (queries, keys). `apart` are the numbers of `sums`, what tdq adds up in.
template <class W> struct Tiles {
  W *queries, *tqueries, *dy, *tdy;
  W *keys, *tkeys, *keys_transposed, *tkeys_transposed, *values_transposed, *tvalues_transposed;
  W *weights, *tweights, *dscores, *tdscores;
  W *tdqueries, *tdkeys, *tdvalues, *sums;
  int64_t bytes;

  Tiles(char* start, int64_t head_size, int64_t apart) {
    Cutter cutter{start};
    const int64_t extent = tile * padded(head_size);
    queries = cutter.cut<W>(extent);
    tqueries = cutter.cut<W>(extent);
    dy = cutter.cut<W>(extent);
    tdy = cutter.cut<W>(extent);
    keys = cutter.cut<W>(extent);
    tkeys = cutter.cut<W>(extent);
    keys_transposed = cutter.cut<W>(extent);
    tkeys_transposed = cutter.cut<W>(extent);
    values_transposed = cutter.cut<W>(extent);
    tvalues_transposed = cutter.cut<W>(extent);
    weights = cutter.cut<W>(tile * tile);
    tweights = cutter.cut<W>(tile * tile);
    dscores = cutter.cut<W>(tile * tile);
    tdscores = cutter.cut<W>(tile * tile);
    tdqueries = cutter.cut<W>(extent);
    tdkeys = cutter.cut<W>(extent);
    tdvalues = cutter.cut<W>(extent);
    sums = cutter.cut<W>(apart);
    bytes = cutter.bytes;
  }
};

/// What is known of a tile of queries.
template <class W> struct Statistics {
  W lse[tile], tlse[tile], delta[tile], tdelta[tile];

  template <class T> Statistics(const Arguments<T>& a, int64_t pair, Span queries) {
    const int64_t first = pair * a.h.context + queries.start;
    for (int64_t q = 0; q < queries.count; q++) {
      lse[q] = a.lse[first + q];
      tlse[q] = a.tlse ? a.tlse[first + q] : W(0);
      delta[q] = a.delta[first + q];
      tdelta[q] = a.tdelta[first + q];
    }
  }
};

template <class T> void load_packed(Wide<T>* to, const T* qkv, const Heads& h, int64_t pair, Part part, Span rows) {
  if (qkv)
    load_rows(to, packed_rows(qkv, h, pair, part).from(rows.start), rows.count, h.head_size);
  else
    memset(to, 0, sizeof(Wide<T>) * size_t(padded(rows.count) * padded(h.head_size)));
}

template <class T> void load_output(Wide<T>* to, const T* y, const Heads& h, int64_t pair, Span rows) {
  if (y)
    load_rows(to, output_rows(y, h, pair).from(rows.start), rows.count, h.head_size);
  else
    memset(to, 0, sizeof(Wide<T>) * size_t(padded(rows.count) * padded(h.head_size)));
}

template <class T> void load_queries(const Tiles<Wide<T>>& tiles, const Arguments<T>& a, int64_t pair, Span queries) {
  load_packed(tiles.queries, a.qkv, a.h, pair, query_part, queries);
  load_packed(tiles.tqueries, a.tqkv, a.h, pair, query_part, queries);
  load_output(tiles.dy, a.dy, a.h, pair, queries);
  load_output(tiles.tdy, a.tdy, a.h, pair, queries);
}

template <class T> void load_keys(const Tiles<Wide<T>>& tiles, const Arguments<T>& a, int64_t pair, Span keys) {
  const int64_t cols = a.h.head_size;
  load_packed(tiles.keys, a.qkv, a.h, pair, value_part, keys);
  transpose_tile(tiles.values_transposed, tiles.keys, keys.count, cols);
  load_packed(tiles.keys, a.tqkv, a.h, pair, value_part, keys);
  transpose_tile(tiles.tvalues_transposed, tiles.keys, keys.count, cols);
  load_packed(tiles.keys, a.qkv, a.h, pair, key_part, keys);
  transpose_tile(tiles.keys_transposed, tiles.keys, keys.count, cols);
  load_packed(tiles.tkeys, a.tqkv, a.h, pair, key_part, keys);
  transpose_tile(tiles.tkeys_transposed, tiles.tkeys, keys.count, cols);
}

/// On entry scores, their tangents over the scale, dp and tdp; on return p, tp, scale * ds and scale * tds.
template <class W>
void differentiate(const Tiles<W>& tiles, const Statistics<W>& of, W scale, int64_t queries, int64_t width) {
  for (int64_t q = 0; q < queries; q++) {
    const W lse = of.lse[q], tlse = of.tlse[q], delta = of.delta[q], tdelta = of.tdelta[q];
    W *const weights = tiles.weights + q * tile, *const tweights = tiles.tweights + q * tile;
    W *const dscores = tiles.dscores + q * tile, *const tdscores = tiles.tdscores + q * tile;
#pragma omp simd
    for (int64_t k = 0; k < width; k++) {
      const W weight = fast_exp(weights[k] - lse), tweight = weight * (scale * tweights[k] - tlse);
      const W dscore = dscores[k] - delta;
      weights[k] = weight;
      tweights[k] = tweight;
      dscores[k] = weight * dscore * scale;
      tdscores[k] = (tweight * dscore + weight * (tdscores[k] - tdelta)) * scale;
    }
  }
}

template <class T> bool is_diagonal(const Arguments<T>& a, Span queries, Span keys) {
  return a.h.causal && queries.start == keys.start;
}

/// p, tp, scale * ds and scale * tds of the queries and keys that were loaded.
template <class T> void weigh(const Tiles<Wide<T>>& tiles, const Arguments<T>& a, int64_t pair,
                              const Documents& documents, Span queries, Span keys) {
  using W = Wide<T>;
  const int64_t cols = a.h.head_size, stride = padded(cols), width = padded(keys.count);
  const bool diagonal = is_diagonal(a, queries, keys);
  const auto multiply = [&](W* scores, const W* rows, const W* columns, bool add, W factor) {
    multiply_tiles<W>({scores, tile}, as_stored(rows, stride), {columns, tile}, queries.count, width, cols, add, factor,
                      on_diagonal(diagonal, Counts::columns_to_row));
  };
  multiply(tiles.weights, tiles.queries, tiles.keys_transposed, false, a.scale);
  multiply(tiles.tweights, tiles.tqueries, tiles.keys_transposed, false, 1);
  multiply(tiles.tweights, tiles.queries, tiles.tkeys_transposed, true, 1);
  multiply(tiles.dscores, tiles.dy, tiles.values_transposed, false, 1);
  multiply(tiles.tdscores, tiles.tdy, tiles.values_transposed, false, 1);
  multiply(tiles.tdscores, tiles.dy, tiles.tvalues_transposed, true, 1);
  differentiate(tiles, Statistics<W>(a, pair, queries), a.scale, queries.count, width);
  W* const all_scores[] = {tiles.weights, tiles.tweights, tiles.dscores, tiles.tdscores};
  for (W* const scores : all_scores) {
    if (diagonal) clear_later_keys<Queries::in_rows>(scores, queries.count);
    if (documents.part(queries, keys)) clear_other_documents(scores, documents.first, queries, keys);
  }
}

/// The share that the keys at hand have in the rows of tdq.
template <class W> void add_share(Rows<W> tdq, const Tiles<W>& tiles, int64_t queries, int64_t cols, int64_t keys,
                                  bool diagonal, bool fresh) {
  const int64_t stride = padded(cols);
  const auto counts = on_diagonal(diagonal, Counts::inner_to_row);
  multiply_tiles<W>({tiles.tdqueries, stride}, as_stored(tiles.tdscores, tile), {tiles.keys, stride}, queries, cols,
                    keys, false, 1, counts);
  multiply_tiles<W>({tiles.tdqueries, stride}, as_stored(tiles.dscores, tile), {tiles.tkeys, stride}, queries, cols,
                    keys, true, 1, counts);
  store_rows(tdq, tiles.tdqueries, queries, cols, fresh);
}

/// tdk and tdv of one tile of keys and, where there are rows of tdq, its share of every one.
template <class T>
void walk_queries(const Arguments<T>& a, int64_t pair, int64_t block, Rows<Wide<T>> tdq, const Tiles<Wide<T>>& tiles) {
  using W = Wide<T>;
  const auto keys = span(block, a.h.context);
  const int64_t cols = a.h.head_size, stride = padded(cols);
  load_keys(tiles, a, pair, keys);
  const auto documents = a.documents.of(a.h, pair);
  const int64_t first = a.h.causal ? block : documents.first_tile(keys);
  for (int64_t q = first; q < documents.end_tile(keys, a.h.context); q++) {
    const auto queries = span(q, a.h.context);
    load_queries(tiles, a, pair, queries);
    weigh(tiles, a, pair, documents, queries, keys);
    const bool diagonal = is_diagonal(a, queries, keys);
    const auto add = [&](W* sums, const W* scores, const W* rows, bool to_sums) {
      multiply_tiles<W>({sums, stride}, transposed(scores, tile), {rows, stride}, keys.count, cols, queries.count,
                        to_sums, 1, on_diagonal(diagonal, Counts::inner_from_row));
    };
    add(tiles.tdvalues, tiles.tweights, tiles.dy, q > first);
    add(tiles.tdvalues, tiles.weights, tiles.tdy, true);
    add(tiles.tdkeys, tiles.tdscores, tiles.queries, q > first);
    add(tiles.tdkeys, tiles.dscores, tiles.tqueries, true);
    if (tdq.at)
      add_share(tdq.from(queries.start), tiles, queries.count, cols, keys.count, diagonal,
                a.fresh && block == documents.first_tile(queries));
  }
  store_rows(packed_rows(a.tdqkv, a.h, pair, key_part).from(keys.start), tiles.tdkeys, keys.count, cols, a.fresh);
  store_rows(packed_rows(a.tdqkv, a.h, pair, value_part).from(keys.start), tiles.tdvalues, keys.count, cols, a.fresh);
}

/// tdq of one tile of queries.
template <class T> void walk_keys(const Arguments<T>& a, int64_t pair, int64_t block, const Tiles<Wide<T>>& tiles) {
  const auto queries = span(block, a.h.context);
  load_queries(tiles, a, pair, queries);
  const auto documents = a.documents.of(a.h, pair);
  const int64_t first = documents.first_tile(queries);
  const int64_t end = a.h.causal ? block + 1 : documents.end_tile(queries, a.h.context);
  const auto rows = packed_rows(a.tdqkv, a.h, pair, query_part).from(queries.start);
  const auto tdq = sums_of(rows, tiles.sums, queries.count, a.h.head_size, a.fresh);
  for (int64_t k = first; k < end; k++) {
    const auto keys = span(k, a.h.context);
    load_keys(tiles, a, pair, keys);
    weigh(tiles, a, pair, documents, queries, keys);
    add_share(tdq, tiles, queries.count, a.h.head_size, keys.count, is_diagonal(a, queries, keys),
              a.fresh && k == first);
  }
  keep_sums(rows, tdq, queries.count, a.h.head_size);
}

/// A row's sums are chains from column 0 on, one for each product, as the products have them: where one weight is 1
/// they cancel exactly. Lanes are rows, 8 of them, for more would push each other out of the cache.
template <class T> void sum_deltas(const Arguments<T>& a, int threads) {
  constexpr int64_t most = 8;
  const int64_t groups = (a.h.context + most - 1) / most;
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t task = 0; task < a.h.pairs() * groups; task++) {
    const int64_t pair = task / groups, start = task % groups * most, rest = a.h.context - start;
    const int64_t count = rest < most ? rest : most, at = pair * a.h.context + start;
    const auto sum = [&](Wide<T>* sums, const T* one, const T* other) {
      if (!one || !other) return;
      const auto left = output_rows(one, a.h, pair).from(start), right = output_rows(other, a.h, pair).from(start);
      for (int64_t c = 0; c < a.h.head_size; c++)
#pragma omp simd
        for (int64_t r = 0; r < count; r++)
          sums[r] += widened(left.at[r * left.stride + c]) * widened(right.at[r * right.stride + c]);
    };
    Wide<T> delta[most] = {}, of_tdy[most] = {}, of_ty[most] = {};
    sum(delta, a.dy, a.y);
    sum(of_tdy, a.tdy, a.y);
    sum(of_ty, a.dy, a.ty);
    for (int64_t r = 0; r < count; r++) {
      a.delta[at + r] = delta[r];
      a.tdelta[at + r] = of_tdy[r] + of_ty[r];
    }
  }
}

template <class T> void by_heads(const Arguments<T>& a, int threads, char* scratch, int64_t bytes) {
  const int64_t context = a.h.context, cols = a.h.head_size;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int64_t pair = 0; pair < a.h.pairs(); pair++) {
    const Tiles<Wide<T>> tiles(scratch + omp_get_thread_num() * bytes, cols, apart<T>(context, cols));
    const auto rows = packed_rows(a.tdqkv, a.h, pair, query_part);
    const auto tdq = sums_of(rows, tiles.sums, context, cols, a.fresh);
    for (int64_t block = 0; block < tiles_in(context); block++) walk_queries(a, pair, block, tdq, tiles);
    keep_sums(rows, tdq, context, cols);
  }
}

/// The longest tasks of a head come first; whichever thread takes one, it yields the same bits.
template <class T> void by_tiles(const Arguments<T>& a, int threads, char* scratch, int64_t bytes) {
  const int64_t blocks = tiles_in(a.h.context), tasks = a.h.pairs() * blocks, cols = a.h.head_size;
#pragma omp parallel num_threads(threads)
  {
    const Tiles<Wide<T>> tiles(scratch + omp_get_thread_num() * bytes, cols, apart<T>(tile, cols));
#pragma omp for schedule(dynamic)
    for (int64_t task = 0; task < tasks; task++) walk_queries(a, task / blocks, task % blocks, {}, tiles);
#pragma omp for schedule(dynamic)
    for (int64_t task = 0; task < tasks; task++) walk_keys(a, task / blocks, blocks - 1 - task % blocks, tiles);
  }
}

/// Twelve products while the last round of heads leaves part of the team idle, or eighteen with no one idle.
bool heads_occupy(int threads, int64_t pairs) {
  const int64_t rounds = (pairs + threads - 1) / threads;
  return 12 * rounds * threads <= 18 * pairs;
}

template <class T> void pullback_tangent(Arguments<T> a, const int32_t* bounds, int64_t documents) {
  const int threads = team_for(a.h);
  const bool occupied = heads_occupy(threads, a.h.pairs());
  const int64_t cols = a.h.head_size, numbers_apart = apart<T>(occupied ? a.h.context : tile, cols);
  const int64_t bytes = Tiles<Wide<T>>(nullptr, cols, numbers_apart).bytes;
  char* const scratch = team_scratch(1, threads * bytes + PackedDocuments::bytes(a.h, bounds));
  a.documents = PackedDocuments::mark(scratch + threads * bytes, a.h, bounds, documents);
  sum_deltas(a, threads);
  if (occupied)
    by_heads(a, threads, scratch, bytes);
  else
    by_tiles(a, threads, scratch, bytes);
}

}  // namespace

void attention_pullback_tangent(gatun_stream&, void* delta, void* tdelta, void* tdqkv, const void* dy, const void* tdy,
                                const void* qkv, const void* tqkv, const void* y, const void* ty, const void* lse,
                                const void* tlse, const int32_t* bounds, int64_t batch, int64_t context, int64_t heads,
                                int64_t head_size, int64_t documents, double scale, int32_t causal, int32_t fresh,
                                gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    pullback_tangent<T>({(Wide<T>*)delta,
                         (Wide<T>*)tdelta,
                         (T*)tdqkv,
                         (const T*)dy,
                         (const T*)tdy,
                         (const T*)qkv,
                         (const T*)tqkv,
                         (const T*)y,
                         (const T*)ty,
                         (const Wide<T>*)lse,
                         (const Wide<T>*)tlse,
                         {batch, context, heads, head_size, causal == 1},
                         Wide<T>(scale),
                         is_fresh(fresh, 0),
                         {}},
                        bounds, documents);
  });
}

}  // namespace gatun::GATUN_LEVEL
