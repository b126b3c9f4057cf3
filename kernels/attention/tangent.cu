// With p = exp(scale * q k^T - lse), recomputed tile by tile, and ts = scale * (tq k^T + q tk^T):
//   tlse = rowsum(p * ts)     ty = (p * (ts - tlse)) v + p tv = (p * ts) v + p tv - tlse y
// by tiles: 5 products of rows x lines x head_size a pair of tiles; bound by arithmetic. lse is known, so no maximum
// moves and one walk over the keys is enough: what tlse takes from ty is taken at the end, when it is whole.
#include "long_heads_tangent.cuh"
#include "walk.cuh"

namespace gatun {

using namespace attention;

namespace {

template <class T> struct Tangent {
  T* ty;
  Wide<T>* tlse;
  const T *tqkv, *qkv, *y;
  const Wide<T>* lse;
  Heads heads;
  Order order;
  Wide<T> scale;
  bool vectors;

  GATUN_DEVICE Matrix<T> rows_of(const T* packed_array, int64_t pair, Part part) const {
    return packed_rows(packed_array, heads, pair, part, vectors);
  }
  /// values -= factor * those of row t of y from `column` on.
  GATUN_DEVICE void subtract_y(Wide<T>* values, Wide<T> factor, int64_t pair, int64_t t, int column) const {
    const T* const from = y + output(heads, pair, t) + column;
    constexpr int run = Vector<T>::count;
    if (vectors) {
      const auto piece = load(reinterpret_cast<const Vector<T>*>(from));
      for (int e = 0; e < run; e++) values[e] -= factor * widened(piece.at[e]);
    } else {
      for (int e = 0; e < run; e++)
        if (column + e < heads.head_size) values[e] -= factor * widened(load(from + e));
    }
  }
};

template <class S> GATUN_KERNEL(S::threads, S::blocks) attention_tangent_tiles(Tangent<typename S::T> a) {
  using T = typename S::T;
  using W = typename S::W;
  using A = typename S::Arithmetic;
  using Owned = typename S::Owned;
  using Tile = typename S::Walked;
  char *const shared = shared_memory(), *const stages = shared + S::stages_at;
  const auto place = a.order.place(block_x());
  const int first = static_cast<int>(place.tile) * S::rows;
  const int chunks = static_cast<int>((a.heads.head_size + Vector<T>::count - 1) / Vector<T>::count);
  bring<Owned, S::threads>(shared, a.rows_of(a.qkv, place.pair, query_part), first);
  bring<Owned, S::threads>(shared + Owned::bytes, a.rows_of(a.tqkv, place.pair, query_part), first);
  const Sight<S> sight(shared, a.heads, place, keys_of);
  block_barrier();
  const OwnStrip<S> own{sight};
  W lse[S::down][2], tlse[S::down][2];
  GATUN_UNROLL
  for (int i = 0; i < S::down; i++) {
    GATUN_UNROLL
    for (int half = 0; half < 2; half++) {
      const int64_t t = first + own.first + S::Scores::row(i, half * 2);
      lse[i][half] = t < a.heads.context ? load(a.lse + place.pair * a.heads.context + t) * A::base_of_log : W(0);
      tlse[i][half] = 0;
    }
  }
  const W factor = factor_of<S>(a.scale);
  typename S::Sums ty;
  ty.clear();
  const auto use = [&](int line, const char* tiles) {
    typename S::Scores scores, tscores;
    A::template score_with_tangent<Owned, Tile>(scores, tscores, shared, own.first, tiles, chunks);
    own.hide(scores, line, factor);
    scores.each([&](int i, int j, int e) {
      scores.at[i][j][e] = A::power(scores.at[i][j][e], factor, lse[i][e / 2]);
      tscores.at[i][j][e] *= scores.at[i][j][e] * a.scale;
      tlse[i][e / 2] += tscores.at[i][j][e];
    });
    A::template add_weighted<Tile>(ty, tscores, tiles + 2 * Tile::bytes, chunks);
    A::template add_weighted<Tile>(ty, scores, tiles + 3 * Tile::bytes, chunks);
  };
  walk<S>(stages, own,
          {a.rows_of(a.qkv, place.pair, key_part), a.rows_of(a.tqkv, place.pair, key_part),
           a.rows_of(a.qkv, place.pair, value_part), a.rows_of(a.tqkv, place.pair, value_part)},
          Nothing{}, use);

  // Where tiles lay each warp leaves its rows' tlse for the lanes that store them.
  static_assert(S::warps * 16 * S::room_stride * static_cast<int>(sizeof(W)) <= S::stages_at);
  W* const tlse_of_rows = reinterpret_cast<W*>(stages);
  const auto owned = sight.place();
  GATUN_UNROLL
  for (int i = 0; i < S::down; i++) {
    GATUN_UNROLL
    for (int half = 0; half < 2; half++) {
      const W sum = row_sum(tlse[i][half]);
      const int row = own.first + S::Scores::row(i, half * 2);
      const int64_t t = owned.tile * S::rows + row;
      if (lane_index() % 4) continue;
      shared_store(tlse_of_rows + row, sum);
      if (t < a.heads.context) store(a.tlse + owned.pair * a.heads.context + t, sum);
    }
  }
  attention::Rows<S>{a.heads.context, a.heads.head_size, a.vectors, true}.receive(
      ty, owned, [&](int64_t t) { return a.ty + output(a.heads, owned.pair, t); },
      [&](int row, int column, W* values) {
        a.subtract_y(values, shared_load(tlse_of_rows + row), owned.pair, owned.tile * S::rows + row, column);
      });
}

// What fits registers and 99 KB of shared memory.
template <class T, int head> struct ShapeOf {
  static constexpr int wide = sizeof(T) / 4;
  using type = Shape<Registers<T>, head, 4 / wide, 1, 16 * 64 / head / wide, 2, 1, 4>;
};
template <> struct ShapeOf<bf16, 64> { using type = Shape<TensorCores, 64, 4, 2, 32, 2, 2, 4>; };
template <> struct ShapeOf<bf16, 128> { using type = Shape<TensorCores, 128, 4, 2, 16, 2, 1, 4>; };

}  // namespace

void attention_tangent(gatun_stream& stream, void* ty, void* tlse, const void* tqkv, const void* qkv, const void* y,
                       const void* lse, const int32_t* bounds, int64_t batch, int64_t context, int64_t heads,
                       int64_t head_size, int64_t documents, double scale, int32_t causal, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    Tangent<T> a{(T*)ty,
                 (W*)tlse,
                 (const T*)tqkv,
                 (const T*)qkv,
                 (const T*)y,
                 (const W*)lse,
                 {batch, context, heads, head_size, causal == 1, bounds, documents},
                 {},
                 W(scale),
                 head_size % Vector<T>::count == 0 && aligned(ty, tqkv, qkv, y)};
    if (a.heads.rows() == 0) return;
    const bool tiled = by_head<T>(head_size, [&](auto padded) {
      using S = typename ShapeOf<T, decltype(padded)::value>::type;
      a.order = order_of(a.heads, S::rows, 2 * sizeof(T), true);
      GATUN_LAUNCH(stream, attention_tangent_tiles<S>, a.order.blocks(), S::threads, S::shared_bytes, a);
    });
    if (!tiled) tangent_by_rows<T>(stream, {a.ty, a.tlse, a.tqkv, a.qkv, a.y, a.lse, a.heads, a.scale});
  });
}

}  // namespace gatun
