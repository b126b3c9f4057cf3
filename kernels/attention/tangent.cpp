// With p = exp(scale * q k^T - lse), recomputed tile by tile, and ts = scale * (tq k^T + q tk^T):
//   tlse = rowsum(p * ts)     ty = (p * (ts - tlse)) v + p tv = (p * ts) v + p tv - tlse y
// Five products of 64 x 64 x head_size a pair of tiles; bound by arithmetic. lse is known, so no maximum moves and one
// walk over the keys is enough: what tlse takes from ty is taken at the end, when it is whole.
// Trap: hidden scores may overflow, or are not computed at all; their weights are cleared before anything is summed.
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
  T* ty;
  Wide<T>* tlse;
  const T *tqkv, *qkv, *y;
  const Wide<T>* lse;
  Heads h;
  Wide<T> scale;
  PackedDocuments documents;
};

/// Scores lie (keys, queries), so that the statistics of 64 queries are vectors.
template <class W> struct Tiles {
  W *keys, *tkeys, *values, *tvalues, *queries_transposed, *tqueries_transposed, *weights, *tscores, *sums;
  int64_t bytes;

  Tiles(char* start, int64_t head_size) {
    Cutter cutter{start};
    const int64_t extent = tile * padded(head_size);
    keys = cutter.cut<W>(extent);
    tkeys = cutter.cut<W>(extent);
    values = cutter.cut<W>(extent);
    tvalues = cutter.cut<W>(extent);
    queries_transposed = cutter.cut<W>(extent);
    tqueries_transposed = cutter.cut<W>(extent);
    weights = cutter.cut<W>(tile * tile);
    tscores = cutter.cut<W>(tile * tile);
    sums = cutter.cut<W>(extent);
    bytes = cutter.bytes;
  }
};

/// `rows` is free for use.
template <class T>
void load_transposed(Wide<T>* to, Wide<T>* rows, const T* qkv, const Heads& h, int64_t pair, Span queries) {
  load_rows(rows, packed_rows(qkv, h, pair, query_part).from(queries.start), queries.count, h.head_size);
  transpose_tile(to, rows, queries.count, h.head_size);
}

/// On entry scores, and tangents of scores over the scale; on return p and p * ts.
template <class W> void weigh(W* weights, W* tscores, const W* lse, W scale, int64_t keys, int64_t width) {
  for (int64_t k = 0; k < keys; k++)
#pragma omp simd
    for (int64_t q = 0; q < width; q++) {
      const W weight = fast_exp(weights[k * tile + q] - lse[q]);
      weights[k * tile + q] = weight;
      tscores[k * tile + q] = weight * (scale * tscores[k * tile + q]);
    }
}

template <class W> void add_up(W* sums, const W* scores, int64_t keys, int64_t width) {
  for (int64_t k = 0; k < keys; k++)
#pragma omp simd
    for (int64_t q = 0; q < width; q++) sums[q] += scores[k * tile + q];
}

template <class T> void see_keys(const Tiles<Wide<T>>& tiles, const Arguments<T>& a, const Documents& documents,
                                 Span queries, Span keys, const Wide<T>* lse, Wide<T>* tlse, bool first) {
  using W = Wide<T>;
  const int64_t cols = a.h.head_size, stride = padded(cols), width = padded(queries.count);
  const bool diagonal = a.h.causal && keys.start == queries.start;
  const auto multiply = [&](W* scores, const W* rows, const W* columns, bool add, W factor) {
    multiply_tiles<W>({scores, tile}, as_stored(rows, stride), {columns, tile}, keys.count, width, cols, add, factor,
                      on_diagonal(diagonal, Counts::columns_from_row));
  };
  multiply(tiles.weights, tiles.keys, tiles.queries_transposed, false, a.scale);
  multiply(tiles.tscores, tiles.keys, tiles.tqueries_transposed, false, 1);
  multiply(tiles.tscores, tiles.tkeys, tiles.queries_transposed, true, 1);
  weigh(tiles.weights, tiles.tscores, lse, a.scale, keys.count, width);
  W* const all_scores[] = {tiles.weights, tiles.tscores};
  for (W* const scores : all_scores) {
    if (diagonal) clear_later_keys<Queries::in_lanes>(scores, keys.count);
    if (documents.part(keys, queries)) clear_other_documents(scores, documents.first, keys, queries);
  }
  add_up(tlse, tiles.tscores, keys.count, queries.count);
  multiply_tiles<W>({tiles.sums, stride}, transposed(tiles.tscores, tile), {tiles.values, stride}, queries.count, cols,
                    keys.count, !first, 1, on_diagonal(diagonal, Counts::inner_to_row));
  multiply_tiles<W>({tiles.sums, stride}, transposed(tiles.weights, tile), {tiles.tvalues, stride}, queries.count, cols,
                    keys.count, true, 1, on_diagonal(diagonal, Counts::inner_to_row));
}

/// The rows of ty and tlse that belong to one tile of queries.
template <class T> void differentiate(const Arguments<T>& a, int64_t pair, int64_t block, const Tiles<Wide<T>>& tiles) {
  const auto queries = span(block, a.h.context);
  const int64_t cols = a.h.head_size, stride = padded(cols), at = pair * a.h.context + queries.start;
  load_transposed(tiles.queries_transposed, tiles.keys, a.qkv, a.h, pair, queries);
  load_transposed(tiles.tqueries_transposed, tiles.keys, a.tqkv, a.h, pair, queries);
  Wide<T> lse[tile] = {}, tlse[tile] = {};
  for (int64_t q = 0; q < queries.count; q++) lse[q] = a.lse[at + q];
  const auto documents = a.documents.of(a.h, pair);
  const int64_t first = documents.first_tile(queries);
  const int64_t end = a.h.causal ? block + 1 : documents.end_tile(queries, a.h.context);
  for (int64_t k = first; k < end; k++) {
    const auto keys = span(k, a.h.context);
    const auto load = [&](Wide<T>* to, const T* from, Part part) {
      load_rows(to, packed_rows(from, a.h, pair, part).from(keys.start), keys.count, cols);
    };
    load(tiles.keys, a.qkv, key_part);
    load(tiles.tkeys, a.tqkv, key_part);
    load(tiles.values, a.qkv, value_part);
    load(tiles.tvalues, a.tqkv, value_part);
    see_keys(tiles, a, documents, queries, keys, lse, tlse, k == first);
  }
  const auto y = output_rows(a.y, a.h, pair).from(queries.start);
  for (int64_t q = 0; q < queries.count; q++) {
    a.tlse[at + q] = tlse[q];
#pragma omp simd
    for (int64_t c = 0; c < cols; c++) tiles.sums[q * stride + c] -= tlse[q] * widened(y.at[q * y.stride + c]);
  }
  store_rows(output_rows(a.ty, a.h, pair).from(queries.start), tiles.sums, queries.count, cols, true);
}

/// The longest tasks of a head come first; whichever thread takes one, it yields the same bits.
template <class T> void tangent(Arguments<T> a, const int32_t* bounds, int64_t documents) {
  const int threads = team_for(a.h);
  const int64_t blocks = tiles_in(a.h.context), bytes = Tiles<Wide<T>>(nullptr, a.h.head_size).bytes;
  char* const scratch = team_scratch(1, threads * bytes + PackedDocuments::bytes(a.h, bounds));
  a.documents = PackedDocuments::mark(scratch + threads * bytes, a.h, bounds, documents);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int64_t task = 0; task < a.h.pairs() * blocks; task++) {
    const Tiles<Wide<T>> tiles(scratch + omp_get_thread_num() * bytes, a.h.head_size);
    differentiate(a, task / blocks, blocks - 1 - task % blocks, tiles);
  }
}

}  // namespace

void attention_tangent(gatun_stream&, void* ty, void* tlse, const void* tqkv, const void* qkv, const void* y,
                       const void* lse, const int32_t* bounds, int64_t batch, int64_t context, int64_t heads,
                       int64_t head_size, int64_t documents, double scale, int32_t causal, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    tangent<T>({(T*)ty,
                (Wide<T>*)tlse,
                (const T*)tqkv,
                (const T*)qkv,
                (const T*)y,
                (const Wide<T>*)lse,
                {batch, context, heads, head_size, causal == 1},
                Wide<T>(scale),
                {}},
               bounds, documents);
  });
}

}  // namespace gatun::GATUN_LEVEL
