// With p = exp(scale * q k^T - lse), recomputed tile by tile, and delta = rowsum(dy * y):
//   dv = p^T dy     ds = p * (dy v^T - delta)     dk = scale * ds^T q     dq = scale * ds k
// by two walks: one whose blocks own keys and values and collect dk and dv, 4 products a pair of tiles, and one whose
// blocks own queries and collect dq, 3 products. Two of the seven are made twice, but nothing is added into memory that
// another block adds into: no atomics, the same bits every time. Weights and ds stay in the registers in which their
// products left them: as the mma deals out sums it takes a left factor (Dao 2022 calls for five products; Triton's
// tutorial takes these seven).
#include "deltas.cuh"
#include "long_heads.cuh"
#include "walk.cuh"

namespace gatun {

using namespace attention;

namespace {

template <class T> struct Pullback {
  Wide<T>* delta;
  T* dqkv;
  const T *dy, *qkv, *y;
  const Wide<T>* lse;
  Heads heads;
  Order order;
  Wide<T> scale;
  bool vectors, fresh;

  GATUN_DEVICE Matrix<T> rows_of(int64_t pair, Part part) const { return packed_rows(qkv, heads, pair, part, vectors); }
  GATUN_DEVICE Matrix<T> dy_of(int64_t pair) const { return output_rows(dy, heads, pair, vectors); }
  GATUN_DEVICE int chunks() const {
    return static_cast<int>((heads.head_size + Vector<T>::count - 1) / Vector<T>::count);
  }
};

template <class T, template <class> class Piece> GATUN_KERNEL(delta_threads, 4)
attention_pullback_delta(Pullback<T> a, int group) {
  using W = Wide<T>;
  using P = Piece<T>;
  const auto add = [&](W* sums, int64_t piece) {
    add_products(sums[0], piece_of<P>(a.dy, piece), piece_of<P>(a.y, piece));
  };
  sum_rows<W, 1>(a.heads, a.heads.head_size / P::count, group, add,
                 [&](int64_t row, const W* sums) { store(a.delta + row, sums[0]); });
}

/// What is known of a query.
template <class W> struct Statistic { W lse, delta; };

/// Scores become weights, and dy v^T becomes ds over the scale. statistic_of(i, j, e): of an element's query.
template <class S, class Of> GATUN_DEVICE void differentiate(typename S::Scores& scores, typename S::Scores& gradients,
                                                             typename S::W factor, Of statistic_of) {
  scores.each([&](int i, int j, int e) {
    const auto of = statistic_of(i, j, e);
    scores.at[i][j][e] = S::Arithmetic::power(scores.at[i][j][e], factor, of.lse);
    gradients.at[i][j][e] = scores.at[i][j][e] * (gradients.at[i][j][e] - of.delta);
  });
}

/// dq of a tile of queries.
template <class S> GATUN_KERNEL(S::threads, S::blocks) attention_pullback_queries(Pullback<typename S::T> a) {
  using W = typename S::W;
  using A = typename S::Arithmetic;
  using Owned = typename S::Owned;
  using Tile = typename S::Walked;
  char *const shared = shared_memory(), *const stages = shared + S::stages_at;
  const auto place = a.order.place(block_x());
  const int first = static_cast<int>(place.tile) * S::rows;
  bring<Owned, S::threads>(shared, a.rows_of(place.pair, query_part), first);
  bring<Owned, S::threads>(shared + Owned::bytes, a.dy_of(place.pair), first);
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
      if (t < a.heads.context) of_row[i][half] = {load(a.lse + at) * A::base_of_log, load(a.delta + at)};
    }
  }
  const W factor = factor_of<S>(a.scale);
  typename S::Sums dqueries;
  dqueries.clear();
  const auto use = [&](int line, const char* tiles) {
    typename S::Scores scores, gradients;
    A::template score<Owned, Tile>(scores, shared, own.first, tiles, a.chunks());
    own.hide(scores, line, factor);
    A::template score<Owned, Tile>(gradients, shared + Owned::bytes, own.first, tiles + Tile::bytes, a.chunks());
    differentiate<S>(scores, gradients, factor, [&](int i, int, int e) { return of_row[i][e / 2]; });
    A::template add_weighted<Tile>(dqueries, gradients, tiles, a.chunks());
  };
  walk<S>(stages, own, {a.rows_of(place.pair, key_part), a.rows_of(place.pair, value_part)}, Nothing{}, use);
  const auto owned = sight.place();
  attention::Rows<S>{a.heads.context, a.heads.head_size, a.vectors, a.fresh}.receive(
      dqueries, a.scale, owned, [&](int64_t t) { return a.dqkv + packed(a.heads, owned.pair, query_part, t); });
}

/// dk and dv of a tile of keys. Scores lie (keys, queries), and what is known of a query comes with its row.
template <class S> GATUN_KERNEL(S::threads, S::blocks) attention_pullback_keys(Pullback<typename S::T> a) {
  using W = typename S::W;
  using A = typename S::Arithmetic;
  using Owned = typename S::Owned;
  using Tile = typename S::Walked;
  static_assert(S::lines <= S::threads);
  char *const shared = shared_memory(), *const stages = shared + S::stages_at;
  const auto place = a.order.place(block_x());
  const int first = static_cast<int>(place.tile) * S::rows;
  bring<Owned, S::threads>(shared, a.rows_of(place.pair, key_part), first);
  bring<Owned, S::threads>(shared + Owned::bytes, a.rows_of(place.pair, value_part), first);
  const Sight<S> sight(shared, a.heads, place, queries_of);
  block_barrier();
  const OwnStrip<S> own{sight};
  const auto bring_statistics = [&](int line, char* stage) {
    const int64_t t = line + thread_index(), at = place.pair * a.heads.context + t;
    if (thread_index() >= S::lines) return;
    W* const to = reinterpret_cast<W*>(stage + S::statistics_at) + thread_index();
    copy_async_number(to, a.lse + at, t < a.heads.context);
    copy_async_number(to + S::lines, a.delta + at, t < a.heads.context);
  };
  const W factor = factor_of<S>(a.scale);
  typename S::Sums dkeys, dvalues;
  dkeys.clear();
  dvalues.clear();
  const auto use = [&](int line, const char* tiles) {
    typename S::Scores scores, gradients;
    A::template score<Owned, Tile>(scores, shared, own.first, tiles, a.chunks());
    own.hide(scores, line, factor);
    A::template score<Owned, Tile>(gradients, shared + Owned::bytes, own.first, tiles + Tile::bytes, a.chunks());
    differentiate<S>(scores, gradients, factor, [&](int, int j, int e) {
      const W* const of_column = reinterpret_cast<const W*>(tiles + S::statistics_at) + scores.column(j, e);
      return Statistic<W>{shared_load(of_column) * A::base_of_log, shared_load(of_column + S::lines)};
    });
    A::template add_weighted<Tile>(dvalues, scores, tiles + Tile::bytes, a.chunks());
    A::template add_weighted<Tile>(dkeys, gradients, tiles, a.chunks());
  };
  walk<S>(stages, own, {a.rows_of(place.pair, query_part), a.dy_of(place.pair)}, bring_statistics, use);
  const auto owned = sight.place();
  const attention::Rows<S> rows{a.heads.context, a.heads.head_size, a.vectors, a.fresh};
  rows.receive(dkeys, a.scale, owned, [&](int64_t t) { return a.dqkv + packed(a.heads, owned.pair, key_part, t); });
  rows.receive(dvalues, W(1), owned, [&](int64_t t) { return a.dqkv + packed(a.heads, owned.pair, value_part, t); });
}

/// Shapes of the two walks that fit registers and 99 KB of shared memory; and larger ones, of more lines between two
/// barriers, for devices that grant a block so much.
template <class T, int head> struct Shapes {
  static constexpr int wide = sizeof(T) / 4;
  using Queries = Shape<Registers<T>, head, 4 / wide, 1, 16 / wide, 2, 1>;
  using Keys = Queries;
  using LargeQueries = Queries;
  using LargeKeys = Keys;
};
template <> struct Shapes<bf16, 64> {
  using Queries = Shape<TensorCores, 64, 4, 2, 32, 2, 2>;
  using Keys = Shape<TensorCores, 64, 4, 2, 32, 2, 2>;
  using LargeQueries = Queries;
  using LargeKeys = Keys;
};
template <> struct Shapes<bf16, 128> {
  using Queries = Shape<TensorCores, 128, 8, 1, 32, 2, 1>;
  using Keys = Shape<TensorCores, 128, 8, 1, 32, 2, 1>;
  using LargeQueries = Shape<TensorCores, 128, 8, 1, 64, 2, 1>;
  using LargeKeys = Keys;
};

template <class T> void launch_delta(gatun_stream& stream, const Pullback<T>& a) {
  const bool vectors = a.heads.head_size % Vector<T>::count == 0 && aligned(a.dy, a.y);
  const int group = lanes_a_row<T>(a.heads, vectors);
  const auto grid = grid_for(stream, a.heads.rows(), delta_threads / group);
  if (vectors)
    GATUN_LAUNCH(stream, (attention_pullback_delta<T, Vector>), grid, delta_threads, 0, a, group);
  else
    GATUN_LAUNCH(stream, (attention_pullback_delta<T, One>), grid, delta_threads, 0, a, group);
}

}  // namespace

void attention_pullback(gatun_stream& stream, void* delta, void* dqkv, const void* dy, const void* qkv, const void* y,
                        const void* lse, const int32_t* bounds, int64_t batch, int64_t context, int64_t heads,
                        int64_t head_size, int64_t documents, double scale, int32_t causal, int32_t fresh,
                        gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const bool vectors = head_size % Vector<T>::count == 0 && aligned(dqkv, dy, qkv);
    Pullback<T> a{(W*)delta,
                  (T*)dqkv,
                  (const T*)dy,
                  (const T*)qkv,
                  (const T*)y,
                  (const W*)lse,
                  {batch, context, heads, head_size, causal == 1, bounds, documents},
                  {},
                  W(scale),
                  vectors,
                  is_fresh(fresh, 0)};
    if (a.heads.rows() == 0) return;
    launch_delta(stream, a);
    const bool tiled = by_head<T>(head_size, [&](auto padded) {
      using Of = Shapes<T, decltype(padded)::value>;
      const auto walk_keys = [&](auto* shape) {
        using S = GATUN_ELEMENT(shape);
        a.order = order_of(a.heads, S::rows, sizeof(T), true);
        GATUN_LAUNCH(stream, attention_pullback_queries<S>, a.order.blocks(), S::threads, S::shared_bytes, a);
      };
      const auto walk_queries = [&](auto* shape) {
        using S = GATUN_ELEMENT(shape);
        a.order = order_of(a.heads, S::rows, sizeof(T), false);
        GATUN_LAUNCH(stream, attention_pullback_keys<S>, a.order.blocks(), S::threads, S::shared_bytes, a);
      };
      larger_where_granted<typename Of::LargeQueries, typename Of::Queries>(stream, walk_keys);
      larger_where_granted<typename Of::LargeKeys, typename Of::Keys>(stream, walk_queries);
    });
    if (!tiled) pullback_by_rows<T>(stream, {a.dqkv, a.dy, a.qkv, a.lse, a.delta, a.heads, a.scale, a.fresh});
  });
}

}  // namespace gatun
