// The directional derivative of attention's pullback. With p = exp(scale * q k^T - lse), recomputed tile by tile,
// delta = rowsum(dy * y), and
//   ts = scale * (tq k^T + q tk^T)     tdp = tdy v^T + dy tv^T     tdelta = rowsum(tdy * y + dy * ty)
//   ds = p * (dy v^T - delta)     tp = p * (ts - tlse)     tds = tp * (dy v^T - delta) + p * (tdp - tdelta)
// it is
//   tdq = scale * (tds k + ds tk)     tdk = scale * (tds^T q + ds^T tq)     tdv = tp^T dy + p^T tdy
// by the two walks of the pullback: one whose blocks own keys and values and collect tdk and tdv, 10 products a pair of
// tiles, and one whose blocks own queries and collect tdq, 8 products.
#include "deltas.cuh"
#include "long_heads_tangent.cuh"
#include "walk.cuh"

namespace gatun {

using namespace attention;

namespace {

/// An array that may be missing: then `at` is some other's address, and nothing is read.
template <class T> struct Optional {
  const T* at;
  bool given;

  Optional(const void* array, const void* other) : at(static_cast<const T*>(array ? array : other)), given(array) {}
  GATUN_ANYWHERE const T* or_null() const { return given ? at : nullptr; }
};

template <class T> struct PullbackTangent {
  Wide<T>*delta, *tdelta;
  T* tdqkv;
  const T *dy, *qkv, *y;
  const Wide<T>* lse;
  Optional<T> tdy, tqkv, ty;
  Optional<Wide<T>> tlse;
  Heads heads;
  Order order;
  Wide<T> scale;
  bool vectors, fresh;

  GATUN_DEVICE Matrix<T> rows_of(int64_t pair, Part part) const { return packed_rows(qkv, heads, pair, part, vectors); }
  GATUN_DEVICE Matrix<T> dy_of(int64_t pair) const { return output_rows(dy, heads, pair, vectors); }
  GATUN_DEVICE Matrix<T> tangents_of(int64_t pair, Part part) const {
    return where(tqkv.given, packed_rows(tqkv.at, heads, pair, part, vectors));
  }
  GATUN_DEVICE Matrix<T> tdy_of(int64_t pair) const {
    return where(tdy.given, output_rows(tdy.at, heads, pair, vectors));
  }
  GATUN_DEVICE int chunks() const {
    return static_cast<int>((heads.head_size + Vector<T>::count - 1) / Vector<T>::count);
  }

 private:
  /// Behind the edges there are zeros.
  GATUN_DEVICE static Matrix<T> where(bool given, Matrix<T> m) {
    if (!given) m.lines = 0;
    return m;
  }
};

template <class T, template <class> class Piece> GATUN_KERNEL(delta_threads, 4)
attention_pullback_tangent_deltas(PullbackTangent<T> a, int group) {
  using W = Wide<T>;
  using P = Piece<T>;
  const auto add = [&](W* sums, int64_t piece) {
    const auto dy = piece_of<P>(a.dy, piece), y = piece_of<P>(a.y, piece);
    add_products(sums[0], dy, y);
    if (a.tdy.given) add_products(sums[1], piece_of<P>(a.tdy.at, piece), y);
    if (a.ty.given) add_products(sums[2], dy, piece_of<P>(a.ty.at, piece));
  };
  sum_rows<W, 3>(a.heads, a.heads.head_size / P::count, group, add, [&](int64_t row, const W* sums) {
    store(a.delta + row, sums[0]);
    store(a.tdelta + row, sums[1] + sums[2]);
  });
}

/// What is known of a query.
template <class W> struct Statistic { W lse, tlse, delta, tdelta; };

/// Scores become weights p, and their tangents over the scale tp. statistic_of(i, j, e): of an element's query.
template <class S, class Of> GATUN_DEVICE void weigh(typename S::Scores& weights, typename S::Scores& tweights,
                                                     typename S::W factor, typename S::W scale, Of statistic_of) {
  weights.each([&](int i, int j, int e) {
    const auto of = statistic_of(i, j, e);
    weights.at[i][j][e] = S::Arithmetic::power(weights.at[i][j][e], factor, of.lse);
    tweights.at[i][j][e] = weights.at[i][j][e] * (scale * tweights.at[i][j][e] - of.tlse);
  });
}

/// dp becomes ds over the scale, and tdp likewise tds.
template <class S, class Of> GATUN_DEVICE void differentiate(typename S::Scores& dscores, typename S::Scores& tdscores,
                                                             const typename S::Scores& weights,
                                                             const typename S::Scores& tweights, Of statistic_of) {
  weights.each([&](int i, int j, int e) {
    const auto of = statistic_of(i, j, e);
    const auto dweight = dscores.at[i][j][e] - of.delta;
    dscores.at[i][j][e] = weights.at[i][j][e] * dweight;
    tdscores.at[i][j][e] = tweights.at[i][j][e] * dweight + weights.at[i][j][e] * (tdscores.at[i][j][e] - of.tdelta);
  });
}

/// tdq of a tile of queries.
template <class S> GATUN_KERNEL(S::threads, S::blocks)
attention_pullback_tangent_queries(PullbackTangent<typename S::T> a) {
  using W = typename S::W;
  using A = typename S::Arithmetic;
  using Owned = typename S::Owned;
  using Tile = typename S::Walked;
  char *const shared = shared_memory(), *const stages = shared + S::stages_at;
  const auto place = a.order.place(block_x());
  const int first = static_cast<int>(place.tile) * S::rows;
  bring<Owned, S::threads>(shared, a.rows_of(place.pair, query_part), first);
  bring<Owned, S::threads>(shared + Owned::bytes, a.tangents_of(place.pair, query_part), first);
  bring<Owned, S::threads>(shared + 2 * Owned::bytes, a.dy_of(place.pair), first);
  bring<Owned, S::threads>(shared + 3 * Owned::bytes, a.tdy_of(place.pair), first);
  const Sight<S> sight(shared, a.heads, place, keys_of);
  block_barrier();
  const OwnStrip<S> own{sight};
  Statistic<W> of_row[S::down][2];
  GATUN_UNROLL
  for (int i = 0; i < S::down; i++) {
    GATUN_UNROLL
    for (int half = 0; half < 2; half++) {
      const int64_t t = first + own.first + S::Scores::row(i, half * 2), at = place.pair * a.heads.context + t;
      of_row[i][half] = {};
      if (t < a.heads.context)
        of_row[i][half] = {load(a.lse + at) * A::base_of_log, a.tlse.given ? load(a.tlse.at + at) : W(0),
                           load(a.delta + at), load(a.tdelta + at)};
    }
  }
  const W factor = factor_of<S>(a.scale);
  typename S::Sums tdqueries;
  tdqueries.clear();
  const auto use = [&](int line, const char* tiles) {
    const auto statistic_of = [&](int i, int, int e) { return of_row[i][e / 2]; };
    typename S::Scores weights, tweights, dscores, tdscores;
    A::template score_with_tangent<Owned, Tile>(weights, tweights, shared, own.first, tiles, a.chunks());
    own.hide(weights, line, factor);
    weigh<S>(weights, tweights, factor, a.scale, statistic_of);
    A::template score_with_tangent<Owned, Tile>(dscores, tdscores, shared + 2 * Owned::bytes, own.first,
                                                tiles + 2 * Tile::bytes, a.chunks());
    differentiate<S>(dscores, tdscores, weights, tweights, statistic_of);
    A::template add_weighted<Tile>(tdqueries, tdscores, tiles, a.chunks());
    A::template add_weighted<Tile>(tdqueries, dscores, tiles + Tile::bytes, a.chunks());
  };
  walk<S>(stages, own,
          {a.rows_of(place.pair, key_part), a.tangents_of(place.pair, key_part), a.rows_of(place.pair, value_part),
           a.tangents_of(place.pair, value_part)},
          Nothing{}, use);
  const auto owned = sight.place();
  attention::Rows<S>{a.heads.context, a.heads.head_size, a.vectors, a.fresh}.receive(
      tdqueries, a.scale, owned, [&](int64_t t) { return a.tdqkv + packed(a.heads, owned.pair, query_part, t); });
}

/// tdk and tdv of a tile of keys. Scores lie (keys, queries), and what is known of a query comes with its row.
template <class S> GATUN_KERNEL(S::threads, S::blocks)
attention_pullback_tangent_keys(PullbackTangent<typename S::T> a) {
  using W = typename S::W;
  using A = typename S::Arithmetic;
  using Owned = typename S::Owned;
  using Tile = typename S::Walked;
  static_assert(S::lines <= S::threads);
  char *const shared = shared_memory(), *const stages = shared + S::stages_at;
  const auto place = a.order.place(block_x());
  const int first = static_cast<int>(place.tile) * S::rows;
  bring<Owned, S::threads>(shared, a.rows_of(place.pair, key_part), first);
  bring<Owned, S::threads>(shared + Owned::bytes, a.tangents_of(place.pair, key_part), first);
  bring<Owned, S::threads>(shared + 2 * Owned::bytes, a.rows_of(place.pair, value_part), first);
  bring<Owned, S::threads>(shared + 3 * Owned::bytes, a.tangents_of(place.pair, value_part), first);
  const Sight<S> sight(shared, a.heads, place, queries_of);
  block_barrier();
  const OwnStrip<S> own{sight};
  const auto bring_statistics = [&](int line, char* stage) {
    const int64_t t = line + thread_index(), at = place.pair * a.heads.context + t;
    if (thread_index() >= S::lines) return;
    W* const to = reinterpret_cast<W*>(stage + S::statistics_at) + thread_index();
    const bool exists = t < a.heads.context;
    copy_async_number(to, a.lse + at, exists);
    copy_async_number(to + S::lines, a.tlse.at + at, exists && a.tlse.given);
    copy_async_number(to + 2 * S::lines, a.delta + at, exists);
    copy_async_number(to + 3 * S::lines, a.tdelta + at, exists);
  };
  const W factor = factor_of<S>(a.scale);
  typename S::Sums tdkeys, tdvalues;
  tdkeys.clear();
  tdvalues.clear();
  const auto use = [&](int line, const char* tiles) {
    const auto statistic_of = [&](int, int j, int e) {
      const W* const of_column = reinterpret_cast<const W*>(tiles + S::statistics_at) + S::Scores::column(j, e);
      return Statistic<W>{shared_load(of_column) * A::base_of_log, shared_load(of_column + S::lines),
                          shared_load(of_column + 2 * S::lines), shared_load(of_column + 3 * S::lines)};
    };
    typename S::Scores weights, tweights, dscores, tdscores;
    A::template score_with_tangent<Owned, Tile>(weights, tweights, shared, own.first, tiles, a.chunks());
    own.hide(weights, line, factor);
    weigh<S>(weights, tweights, factor, a.scale, statistic_of);
    A::template add_weighted<Tile>(tdvalues, tweights, tiles + 2 * Tile::bytes, a.chunks());
    A::template add_weighted<Tile>(tdvalues, weights, tiles + 3 * Tile::bytes, a.chunks());
    A::template score_with_tangent<Owned, Tile>(dscores, tdscores, shared + 2 * Owned::bytes, own.first,
                                                tiles + 2 * Tile::bytes, a.chunks());
    differentiate<S>(dscores, tdscores, weights, tweights, statistic_of);
    A::template add_weighted<Tile>(tdkeys, tdscores, tiles, a.chunks());
    A::template add_weighted<Tile>(tdkeys, dscores, tiles + Tile::bytes, a.chunks());
  };
  walk<S>(stages, own,
          {a.rows_of(place.pair, query_part), a.tangents_of(place.pair, query_part), a.dy_of(place.pair),
           a.tdy_of(place.pair)},
          bring_statistics, use);
  const auto owned = sight.place();
  const attention::Rows<S> rows{a.heads.context, a.heads.head_size, a.vectors, a.fresh};
  rows.receive(tdkeys, a.scale, owned, [&](int64_t t) { return a.tdqkv + packed(a.heads, owned.pair, key_part, t); });
  rows.receive(tdvalues, W(1), owned, [&](int64_t t) { return a.tdqkv + packed(a.heads, owned.pair, value_part, t); });
}

/// Shapes of the two walks that fit registers and 99 KB of shared memory; and larger ones, for devices that grant a
/// block so much.
template <class T, int head> struct Shapes {
  static constexpr int wide = sizeof(T) / 4;
  using Queries = Shape<Registers<T>, head, 4 * 64 / head / wide, 1, 16 * 64 / head / wide, 4, 1, 4>;
  using Keys = Queries;
  using LargeQueries = Queries;
  using LargeKeys = Keys;
};
template <> struct Shapes<bf16, 64> {
  using Queries = Shape<TensorCores, 64, 8, 1, 32, 4, 1, 4>;
  using Keys = Queries;
  using LargeQueries = Queries;
  using LargeKeys = Keys;
};
template <> struct Shapes<bf16, 128> {
  using Queries = Shape<TensorCores, 128, 4, 1, 16, 4, 1, 4>;
  using Keys = Queries;
  using LargeQueries = Shape<TensorCores, 128, 8, 1, 32, 4, 1, 4>;
  using LargeKeys = Shape<TensorCores, 128, 8, 1, 16, 4, 1, 4>;
};

template <class T> void launch_deltas(gatun_stream& stream, const PullbackTangent<T>& a) {
  const bool vectors = a.heads.head_size % Vector<T>::count == 0 && aligned(a.dy, a.y, a.tdy.at, a.ty.at);
  const int group = lanes_a_row<T>(a.heads, vectors);
  const auto grid = grid_for(stream, a.heads.rows(), delta_threads / group);
  if (vectors)
    GATUN_LAUNCH(stream, (attention_pullback_tangent_deltas<T, Vector>), grid, delta_threads, 0, a, group);
  else
    GATUN_LAUNCH(stream, (attention_pullback_tangent_deltas<T, One>), grid, delta_threads, 0, a, group);
}

}  // namespace

void attention_pullback_tangent(gatun_stream& stream, void* delta, void* tdelta, void* tdqkv, const void* dy,
                                const void* tdy, const void* qkv, const void* tqkv, const void* y, const void* ty,
                                const void* lse, const void* tlse, const int32_t* bounds, int64_t batch,
                                int64_t context, int64_t heads, int64_t head_size, int64_t documents, double scale,
                                int32_t causal, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    PullbackTangent<T> a{(W*)delta,
                         (W*)tdelta,
                         (T*)tdqkv,
                         (const T*)dy,
                         (const T*)qkv,
                         (const T*)y,
                         (const W*)lse,
                         {tdy, dy},
                         {tqkv, qkv},
                         {ty, y},
                         {tlse, lse},
                         {batch, context, heads, head_size, causal == 1, bounds, documents},
                         {},
                         W(scale),
                         false,
                         is_fresh(fresh, 0)};
    a.vectors = head_size % Vector<T>::count == 0 && aligned(tdqkv, dy, qkv, a.tdy.at, a.tqkv.at);
    if (a.heads.rows() == 0) return;
    launch_deltas(stream, a);
    const bool tiled = by_head<T>(head_size, [&](auto padded) {
      using Of = Shapes<T, decltype(padded)::value>;
      const auto walk_keys = [&](auto* shape) {
        using S = GATUN_ELEMENT(shape);
        a.order = order_of(a.heads, S::rows, 2 * sizeof(T), true);
        GATUN_LAUNCH(stream, attention_pullback_tangent_queries<S>, a.order.blocks(), S::threads, S::shared_bytes, a);
      };
      const auto walk_queries = [&](auto* shape) {
        using S = GATUN_ELEMENT(shape);
        a.order = order_of(a.heads, S::rows, 2 * sizeof(T), false);
        GATUN_LAUNCH(stream, attention_pullback_tangent_keys<S>, a.order.blocks(), S::threads, S::shared_bytes, a);
      };
      larger_where_granted<typename Of::LargeQueries, typename Of::Queries>(stream, walk_keys);
      larger_where_granted<typename Of::LargeKeys, typename Of::Keys>(stream, walk_queries);
    });
    if (!tiled)
      pullback_tangent_by_rows<T>(stream, {a.tdqkv, a.dy, a.tdy.or_null(), a.qkv, a.tqkv.or_null(), a.lse,
                                           a.tlse.or_null(), a.delta, a.tdelta, a.heads, a.scale, a.fresh});
  });
}

}  // namespace gatun
