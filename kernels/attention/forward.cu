// y = softmax(scale * q k^T) v, head by head, by tiles: 2 products of rows x lines x head_size a pair of tiles; bound
// by arithmetic. A strip of queries keeps each query's running maximum and sum, and rescales what it has when a maximum
// moves (Milakov and Gimelshein 2018; Dao 2022).
// Trap: the sign of the scale is free, and so the largest exponent may belong to the smallest score; and a row may see
// nothing of a tile that another row of its strip sees: its maximum is then still -infinity, from which nothing may be
// subtracted.
#include "long_heads.cuh"
#include "walk.cuh"

namespace gatun {

using namespace attention;

namespace {

template <class T> struct Forward {
  T* y;
  Wide<T>* lse;
  const T* qkv;
  Heads heads;
  Order order;
  Wide<T> scale;
  bool vectors;
};

/// What is known of a strip's queries after some keys. `sum` is the lane's own columns'.
template <class S> struct Running {
  using W = typename S::W;
  W max[S::down][2], sum[S::down][2];
  typename S::Sums y;

  GATUN_DEVICE void begin() {
    y.clear();
    each([&](int i, int half) {
      max[i][half] = -W(INFINITY);
      sum[i][half] = 0;
    });
  }
  template <class Visit> GATUN_DEVICE static void each(Visit visit) {
    GATUN_UNROLL
    for (int i = 0; i < S::down; i++) {
      GATUN_UNROLL
      for (int half = 0; half < 2; half++) visit(i, half);
    }
  }

  /// Turns scores, of which `factor` times are exponents, into weights.
  GATUN_DEVICE void weigh(typename S::Scores& scores, W factor) {
    constexpr int across = S::Scores::across;
    each([&](int i, int half) {
      W extreme = scores.at[i][0][half * 2];
      GATUN_UNROLL
      for (int j = 0; j < across; j++) {
        GATUN_UNROLL
        for (int e = half * 2; e < half * 2 + 2; e++)
          extreme = factor < 0 ? fmin(extreme, scores.at[i][j][e]) : fmax(extreme, scores.at[i][j][e]);
      }
      GATUN_UNROLL
      for (int mask = 1; mask <= 2; mask *= 2) {
        const W other = shuffle_xor(extreme, mask);
        extreme = factor < 0 ? fmin(extreme, other) : fmax(extreme, other);
      }
      const W highest = fmax(max[i][half], product(extreme, factor));
      const W reference = highest == -W(INFINITY) ? W(0) : highest;
      const W rescale = S::Arithmetic::power(max[i][half], 1, reference);
      max[i][half] = highest;
      sum[i][half] *= rescale;
      GATUN_UNROLL
      for (int j = 0; j < S::Sums::across; j++) {
        GATUN_UNROLL
        for (int e = half * 2; e < half * 2 + 2; e++) y.at[i][j][e] *= rescale;
      }
      GATUN_UNROLL
      for (int j = 0; j < across; j++) {
        GATUN_UNROLL
        for (int e = half * 2; e < half * 2 + 2; e++) {
          scores.at[i][j][e] = S::Arithmetic::power(scores.at[i][j][e], factor, reference);
          sum[i][half] += scores.at[i][j][e];
        }
      }
    });
  }
};

template <class S> GATUN_KERNEL(S::threads, S::blocks) attention_forward_tiles(Forward<typename S::T> a) {
  using T = typename S::T;
  using W = typename S::W;
  using A = typename S::Arithmetic;
  using Tile = typename S::Walked;
  char *const shared = shared_memory(), *const stages = shared + S::stages_at;
  const auto place = a.order.place(block_x());
  const int first = static_cast<int>(place.tile) * S::rows;
  const int chunks = static_cast<int>((a.heads.head_size + Vector<T>::count - 1) / Vector<T>::count);
  const auto rows_of = [&](Part part) { return packed_rows(a.qkv, a.heads, place.pair, part, a.vectors); };
  bring<typename S::Owned, S::threads>(shared, rows_of(query_part), first);
  const Sight<S> sight(shared, a.heads, place, keys_of);
  block_barrier();
  const OwnStrip<S> own{sight};
  Running<S> running;
  running.begin();
  const W factor = factor_of<S>(a.scale);
  walk<S>(stages, own, {rows_of(key_part), rows_of(value_part)}, Nothing{}, [&](int line, const char* tiles) {
    typename S::Scores scores;
    A::template score<typename S::Owned, Tile>(scores, shared, own.first, tiles, chunks);
    own.hide(scores, line, factor);
    running.weigh(scores, factor);
    A::template add_weighted<Tile>(running.y, scores, tiles + Tile::bytes, chunks);
  });

  const auto owned = sight.place();
  running.each([&](int i, int half) {
    const W sum = row_sum(running.sum[i][half]), inverse = W(1) / sum;
    GATUN_UNROLL
    for (int j = 0; j < S::Sums::across; j++) {
      GATUN_UNROLL
      for (int e = half * 2; e < half * 2 + 2; e++) running.y.at[i][j][e] *= inverse;
    }
    const int64_t t = owned.tile * S::rows + own.first + S::Sums::row(i, half * 2);
    if (t < a.heads.context && lane_index() % 4 == 0)
      store(a.lse + owned.pair * a.heads.context + t, running.max[i][half] * A::log_of_base + log(sum));
  });
  attention::Rows<S>{a.heads.context, a.heads.head_size, a.vectors, true}.receive(
      running.y, W(1), owned, [&](int64_t t) { return a.y + output(a.heads, owned.pair, t); });
}

// What fits registers and 99 KB of shared memory. On tensor cores 32 rows a warp: each fragment of the other side that
// ldmatrix brings is then multiplied twice.
template <class T, int head> struct ShapeOf {
  static constexpr int wide = sizeof(T) / 4;
  using type = Shape<Registers<T>, head, 4 / wide, 1, 32 / wide, 1, 1>;
};
template <> struct ShapeOf<bf16, 64> { using type = Shape<TensorCores, 64, 4, 2, 64, 1, 2>; };
template <> struct ShapeOf<bf16, 128> { using type = Shape<TensorCores, 128, 4, 2, 32, 1, 2>; };

}  // namespace

void attention_forward(gatun_stream& stream, void* y, void* lse, const void* qkv, const int32_t* bounds, int64_t batch,
                       int64_t context, int64_t heads, int64_t head_size, int64_t documents, double scale,
                       int32_t causal, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Heads h{batch, context, heads, head_size, causal == 1, bounds, documents};
    if (h.rows() == 0) return;
    const bool vectors = head_size % Vector<T>::count == 0 && aligned(y, qkv);
    const bool tiled = by_head<T>(head_size, [&](auto padded) {
      using S = typename ShapeOf<T, decltype(padded)::value>::type;
      const auto order = order_of(h, S::rows, sizeof(T), true);
      const Forward<T> a{(T*)y, (W*)lse, (const T*)qkv, h, order, W(scale), vectors};
      GATUN_LAUNCH(stream, attention_forward_tiles<S>, order.blocks(), S::threads, S::shared_bytes, a);
    });
    if (!tiled) forward_by_rows<T>(stream, {(T*)y, (W*)lse, (const T*)qkv, h, W(scale)});
  });
}

}  // namespace gatun
