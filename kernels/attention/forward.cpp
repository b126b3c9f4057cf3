// y = softmax(scale * q k^T) v, head by head, 2 products of 64 x 64 x head_size a pair of tiles; bound by arithmetic.
// A tile of queries walks the tiles of keys and keeps each query's running maximum and sum, rescaling what it has when
// a maximum moves (Milakov and Gimelshein 2018; Dao 2022). Scores lie (keys, queries), so that the statistics of 64
// queries are vectors and need no sums across lanes.
// Trap: hidden scores become -infinity after the scale, whose sign is free; a maximum begins at the lowest finite
// number, for a query may see none of the first keys of its tile, and infinity less infinity would be no weight.
#include <omp.h>

#include "body.h"
#include "documents.h"
#include "fast_math.h"
#include "heads.h"
#include "team.h"
#include "tiles.h"

namespace gatun::GATUN_LEVEL {
namespace {

/// Tiles of queries that a task takes through the keys together, so that keys and values are loaded once for all.
constexpr int64_t most_members = 4;

/// One tile of queries, its sums of weighted values, and what is known of each query after some tiles of keys.
template <class W> struct Member {
  W *queries_transposed, *sums;
  W max[tile], sum[tile], rescale[tile];
};

template <class W> struct Tiles {
  W *keys, *values, *scores;
  Member<W> members[most_members];
  int64_t bytes;

  Tiles(char* start, int64_t head_size) {
    Cutter cutter{start};
    const int64_t extent = tile * padded(head_size);
    keys = cutter.cut<W>(extent);
    values = cutter.cut<W>(extent);
    scores = cutter.cut<W>(tile * tile);
    for (auto& member : members) {
      member.queries_transposed = cutter.cut<W>(extent);
      member.sums = cutter.cut<W>(extent);
    }
    bytes = cutter.bytes;
  }
};

template <class T> struct Arguments {
  T* y;
  Wide<T>* lse;
  const T* qkv;
  Heads h;
  Wide<T> scale;
  PackedDocuments documents;
};

inline float lowest(float) { return -__FLT_MAX__; }
inline double lowest(double) { return -__DBL_MAX__; }

/// `rows` is free for use.
template <class T>
void begin(Member<Wide<T>>& member, Wide<T>* rows, const Arguments<T>& a, int64_t pair, Span queries) {
  load_rows(rows, packed_rows(a.qkv, a.h, pair, query_part).from(queries.start), queries.count, a.h.head_size);
  transpose_tile(member.queries_transposed, rows, queries.count, a.h.head_size);
  for (int64_t q = 0; q < tile; q++) {
    member.max[q] = lowest(Wide<T>());
    member.sum[q] = 0;
  }
}

/// Of the tile on the diagonal, key k is hidden from the queries before it.
template <class W> void hide_later_keys(W* scores, int64_t count) {
  for (int64_t k = 0; k < count; k++)
    for (int64_t q = 0; q < k; q++) scores[k * tile + q] = W(-__builtin_inff());
}

/// A query sees no key of another document.
template <class W> void hide_other_documents(W* scores, const int32_t* first, Span keys, Span queries) {
  for (int64_t k = 0; k < keys.count; k++)
#pragma omp simd
    for (int64_t q = 0; q < queries.count; q++)
      scores[k * tile + q] =
          first[queries.start + q] == first[keys.start + k] ? scores[k * tile + q] : W(-__builtin_inff());
}

/// Turns scores into weights exp(score - max) and brings maximum and sum up to date.
template <class W> void weigh(W* scores, Member<W>& member, int64_t keys, int64_t queries) {
  W max[tile], sum[tile];
#pragma omp simd
  for (int64_t q = 0; q < queries; q++) {
    max[q] = member.max[q];
    sum[q] = 0;
  }
  for (int64_t k = 0; k < keys; k++)
#pragma omp simd
    for (int64_t q = 0; q < queries; q++) max[q] = scores[k * tile + q] > max[q] ? scores[k * tile + q] : max[q];
  for (int64_t k = 0; k < keys; k++)
#pragma omp simd
    for (int64_t q = 0; q < queries; q++) {
      const W weight = fast_exp(scores[k * tile + q] - max[q]);
      scores[k * tile + q] = weight;
      sum[q] += weight;
    }
#pragma omp simd
  for (int64_t q = 0; q < queries; q++) {
    member.rescale[q] = fast_exp(member.max[q] - max[q]);
    member.sum[q] = member.sum[q] * member.rescale[q] + sum[q];
    member.max[q] = max[q];
  }
}

template <class W> void scale_rows(W* rows, const W* factor, int64_t count, int64_t stride) {
  for (int64_t r = 0; r < count; r++)
#pragma omp simd
    for (int64_t c = 0; c < stride; c++) rows[r * stride + c] *= factor[r];
}

template <class T> void see_keys(Member<Wide<T>>& member, const Tiles<Wide<T>>& tiles, const Arguments<T>& a,
                                 const Documents& documents, int64_t block, int64_t key_block) {
  using W = Wide<T>;
  const auto queries = span(block, a.h.context), keys = span(key_block, a.h.context);
  const int64_t cols = a.h.head_size, stride = padded(cols), width = padded(queries.count);
  const bool first = key_block == documents.first_tile(queries), diagonal = a.h.causal && key_block == block;
  multiply_tiles<W>({tiles.scores, tile}, as_stored(tiles.keys, stride), {member.queries_transposed, tile}, keys.count,
                    width, cols, false, a.scale, on_diagonal(diagonal, Counts::columns_from_row));
  if (diagonal) hide_later_keys(tiles.scores, keys.count);
  if (documents.part(keys, queries)) hide_other_documents(tiles.scores, documents.first, keys, queries);
  weigh(tiles.scores, member, keys.count, width);
  if (!first) scale_rows(member.sums, member.rescale, queries.count, stride);
  multiply_tiles<W>({member.sums, stride}, transposed(tiles.scores, tile), {tiles.values, stride}, queries.count, cols,
                    keys.count, !first, 1, on_diagonal(diagonal, Counts::inner_to_row));
}

template <class T> void finish(Member<Wide<T>>& member, const Arguments<T>& a, int64_t pair, Span queries) {
  using W = Wide<T>;
  W* const lse = a.lse + pair * a.h.context + queries.start;
#pragma omp simd
  for (int64_t q = 0; q < queries.count; q++) {
    lse[q] = member.max[q] + fast_log(member.sum[q]);
    member.rescale[q] = W(1) / member.sum[q];
  }
  scale_rows(member.sums, member.rescale, queries.count, padded(a.h.head_size));
  store_rows(output_rows(a.y, a.h, pair).from(queries.start), member.sums, queries.count, a.h.head_size, true);
}

/// The rows of y and lse that belong to the tiles of queries from `begin_block` to before `end_block`.
template <class T>
void attend(const Arguments<T>& a, int64_t pair, int64_t begin_block, int64_t end_block, Tiles<Wide<T>>& tiles) {
  for (int64_t q = begin_block; q < end_block; q++)
    begin(tiles.members[q - begin_block], tiles.keys, a, pair, span(q, a.h.context));
  const auto documents = a.documents.of(a.h, pair);
  const auto seen_from = [&](int64_t q) { return documents.first_tile(span(q, a.h.context)); };
  const auto seen_to = [&](int64_t q) { return documents.end_tile(span(q, a.h.context), a.h.context); };
  const int64_t end_of_keys = a.h.causal ? end_block : seen_to(end_block - 1);
  for (int64_t k = seen_from(begin_block); k < end_of_keys; k++) {
    const auto keys = span(k, a.h.context);
    load_rows(tiles.keys, packed_rows(a.qkv, a.h, pair, key_part).from(keys.start), keys.count, a.h.head_size);
    load_rows(tiles.values, packed_rows(a.qkv, a.h, pair, value_part).from(keys.start), keys.count, a.h.head_size);
    const int64_t first_to_see = a.h.causal && k > begin_block ? k : begin_block;
    for (int64_t q = first_to_see; q < end_block; q++)
      if (seen_from(q) <= k && k < seen_to(q)) see_keys(tiles.members[q - begin_block], tiles, a, documents, q, k);
  }
  for (int64_t q = begin_block; q < end_block; q++)
    finish(tiles.members[q - begin_block], a, pair, span(q, a.h.context));
}

/// The longest tasks of a head come first. Whichever thread takes a tile of queries, and in whatever company, its
/// results have the same bits.
template <class T> void forward(Arguments<T> a, const int32_t* bounds, int64_t documents) {
  const int threads = team_for(a.h);
  const int64_t blocks = tiles_in(a.h.context);
  const int64_t together = a.h.pairs() * blocks >= 4 * most_members * threads ? most_members : 1;
  const int64_t groups = (blocks + together - 1) / together, bytes = Tiles<Wide<T>>(nullptr, a.h.head_size).bytes;
  char* const scratch = team_scratch(1, threads * bytes + PackedDocuments::bytes(a.h, bounds));
  a.documents = PackedDocuments::mark(scratch + threads * bytes, a.h, bounds, documents);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int64_t task = 0; task < a.h.pairs() * groups; task++) {
    Tiles<Wide<T>> tiles(scratch + omp_get_thread_num() * bytes, a.h.head_size);
    const int64_t end_block = blocks - task % groups * together;
    attend(a, task / groups, end_block < together ? 0 : end_block - together, end_block, tiles);
  }
}

}  // namespace

void attention_forward(gatun_stream&, void* y, void* lse, const void* qkv, const int32_t* bounds, int64_t batch,
                       int64_t context, int64_t heads, int64_t head_size, int64_t documents, double scale,
                       int32_t causal, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    forward<T>(
        {(T*)y, (Wide<T>*)lse, (const T*)qkv, {batch, context, heads, head_size, causal == 1}, Wide<T>(scale), {}},
        bounds, documents);
  });
}

}  // namespace gatun::GATUN_LEVEL
