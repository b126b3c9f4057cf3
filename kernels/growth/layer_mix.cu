// y[i] = the sum over j of w[i][j] x[j] for layers of n elements; back, dx[j] = the sum over i of w[i][j] dy[i] and
// dw[i][j] = the sum of dy[i] x[j]. Bound by memory: a thread holds a piece of up to 16 layers in registers, reads each
// once and writes each result once. The products of dw meet in shared memory, 32 pieces of up to 16 and 16 layers at a
// time, so that each layer is read once for 16 of the others.
#include "sums.cuh"

namespace gatun {
namespace {

using loops::quotient_up;
using loops::threads;

/// Rows that a thread holds, and results that a block has weights for.
constexpr int rows_held = 16, results_at_once = 64;

/// to[o] = or += the sum over r of weights[o * of_result + r * of_row] from[r].
template <class T> struct Mixture {
  T* to;
  const T* from;
  const T* weights;
  int64_t n, of_result, of_row;
  int results, rows;
};

template <class Piece, class T>
GATUN_DEVICE void mix_pieces(const Mixture<T>& mix, const Wide<T>* weights, int64_t first, int64_t last, bool fresh) {
  constexpr int count = Piece::count;
  for (int64_t p = first + block_x() * threads + thread_index(); p < last; p += blocks_x() * threads) {
    Piece held[rows_held];
    GATUN_UNROLL
    for (int r = 0; r < rows_held; r++)
      if (r < mix.rows) held[r] = load_once(reinterpret_cast<const Piece*>(mix.from + r * mix.n + p * count));
    for (int o = 0; o < mix.results; o++) {
      const int64_t at = o * mix.n + p * count;
      const Piece old = loops::load_unless<Piece>(fresh, mix.to, at);
      Wide<T> sums[count] = {};
      GATUN_UNROLL
      for (int r = 0; r < rows_held; r++) {
        if (r >= mix.rows) continue;
        const Wide<T> weight = shared_load(weights + o * mix.rows + r);
        GATUN_UNROLL
        for (int k = 0; k < count; k++) sums[k] += weight * widened(held[r].at[k]);
      }
      Piece result;
      GATUN_UNROLL
      for (int k = 0; k < count; k++) result.at[k] = loops::put(fresh, old.at[k], sums[k]);
      store(reinterpret_cast<Piece*>(mix.to + at), result);
    }
  }
}

template <class T> GATUN_KERNEL(threads, fitting<T>(2)) layer_mix(Mixture<T> mix, bool vectors, bool fresh) {
  Wide<T>* const weights = reinterpret_cast<Wide<T>*>(shared_memory());
  for (int k = thread_index(); k < mix.results * mix.rows; k += threads) {
    const int o = k / mix.rows, r = k - o * mix.rows;
    shared_store(weights + k, widened(load(mix.weights + o * mix.of_result + r * mix.of_row)));
  }
  block_barrier();
  if (vectors)
    mix_pieces<Vector<T>>(mix, weights, 0, mix.n / Vector<T>::count, fresh);
  else
    mix_pieces<One<T>>(mix, weights, 0, mix.n, fresh);
}

/// Rows beyond those that a thread holds are added in further launches.
template <class T>
void mix_all(gatun_stream& stream, const Mixture<T>& all, int64_t results, int64_t rows, bool fresh) {
  if (all.n == 0) return;
  const bool vectors = all.n % Vector<T>::count == 0 && aligned(all.to, all.from);
  for (int64_t r = 0; r < rows; r += rows_held)
    for (int64_t o = 0; o < results; o += results_at_once) {
      Mixture<T> part = all;
      part.to += o * all.n;
      part.from += r * all.n;
      part.weights += o * all.of_result + r * all.of_row;
      part.results = int(std::min<int64_t>(results_at_once, results - o));
      part.rows = int(std::min<int64_t>(rows_held, rows - r));
      const int64_t pieces = vectors ? all.n / Vector<T>::count : all.n;
      GATUN_LAUNCH(stream, layer_mix<T>, grid_for(stream, pieces, threads), threads,
                   part.results * part.rows * sizeof(Wide<T>), part, vectors, fresh && r == 0);
    }
}

// ---- The gradient of the weights -----------------------------------------------------------------------------------

/// Layers of either kind in a tile, and of those a warp pairs at a time; a tile has two such pairs of four for a warp.
constexpr int tile_side = 16, pair_side = 4, pairs = tile_side / pair_side;
constexpr int warps = threads / 32, pairs_of_a_warp = pairs * pairs / warps;

template <class T> struct Products {
  const T *dy, *x;
  int64_t n;
  int larges, smalls;
};

/// One warp's sums of pieces that lie in shared memory, row after row of 32.
template <class Piece, class T> GATUN_DEVICE void add_products(Wide<T> (&sums)[pair_side][pair_side], const Piece* rows,
                                                               int i, int j, const Products<T>& of) {
  if (i >= of.larges || j >= of.smalls) return;
  Piece x[pair_side];
  GATUN_UNROLL
  for (int b = 0; b < pair_side; b++) x[b] = shared_load(rows + (tile_side + j + b) * 32 + lane_index());
  GATUN_UNROLL
  for (int a = 0; a < pair_side; a++) {
    const Piece dy = shared_load(rows + (i + a) * 32 + lane_index());
    GATUN_UNROLL
    for (int b = 0; b < pair_side; b++) {
      GATUN_UNROLL
      for (int k = 0; k < Piece::count; k++) sums[a][b] += widened(dy.at[k]) * widened(x[b].at[k]);
    }
  }
}

/// partial[i * smalls + j] = the sum over the pieces from `first` to `last`, 32 at a time.
template <class Piece, class T>
GATUN_DEVICE void sum_products(const Products<T>& of, Wide<T>* partial, int64_t first, int64_t last) {
  Piece* const rows = reinterpret_cast<Piece*>(shared_memory());
  Wide<T> sums[pairs_of_a_warp][pair_side][pair_side] = {};
  for (int64_t p = first; p < last; p += 32) {
    const int64_t mine = p + lane_index();
    for (int r = warp_index(); r < 2 * tile_side; r += warps) {
      const bool large = r < tile_side;
      const int row = large ? r : r - tile_side;
      Piece piece{};
      if (mine < last && row < (large ? of.larges : of.smalls))
        piece = load_once(reinterpret_cast<const Piece*>((large ? of.dy : of.x) + row * of.n) + mine);
      shared_store(rows + r * 32 + lane_index(), piece);
    }
    block_barrier();
    GATUN_UNROLL
    for (int k = 0; k < pairs_of_a_warp; k++) {
      const int pair = warp_index() + k * warps;
      add_products<Piece>(sums[k], rows, pair / pairs * pair_side, pair % pairs * pair_side, of);
    }
    block_barrier();
  }
  GATUN_UNROLL
  for (int k = 0; k < pairs_of_a_warp; k++) {
    const int pair = warp_index() + k * warps, i = pair / pairs * pair_side, j = pair % pairs * pair_side;
    const int a_mine = lane_index() / pair_side, b_mine = lane_index() % pair_side;
    Wide<T> mine = 0;
    GATUN_UNROLL
    for (int a = 0; a < pair_side; a++) {
      GATUN_UNROLL
      for (int b = 0; b < pair_side; b++) {
        const Wide<T> sum = warp_sum(sums[k][a][b]);
        if (a == a_mine && b == b_mine) mine = sum;
      }
    }
    if (a_mine < pair_side && i + a_mine < of.larges && j + b_mine < of.smalls)
      store(partial + (i + a_mine) * of.smalls + j + b_mine, mine);
  }
}

template <class T> GATUN_KERNEL(threads, 2)
layer_mix_products(Products<T> of, Wide<T>* partial, int64_t parts, bool vectors) {
  const int64_t pieces = vectors ? of.n / Vector<T>::count : of.n;
  for (int64_t part = block_x(); part < parts; part += blocks_x()) {
    Wide<T>* const to = partial + part * of.larges * of.smalls;
    const int64_t first = pieces * part / parts, last = pieces * (part + 1) / parts;
    if (vectors)
      sum_products<Vector<T>>(of, to, first, last);
    else
      sum_products<One<T>>(of, to, first, last);
  }
}

/// Where the sums of a tile go: into rows of dw that are `small` apart.
template <class T> struct IntoWeights {
  T* dw;
  int64_t small;
  int smalls;
  bool fresh;
  GATUN_DEVICE void operator()(int64_t k, Wide<T> sum) const {
    const auto [i, j] = loops::split(k, smalls);
    T* const to = dw + i * small + j;
    store(to, loops::put(fresh, fresh ? T{} : load(to), sum));
  }
};

/// How n is cut depends on n alone: the same bits on every device.
template <class T> void products(gatun_stream& stream, T* dw, const T* dy, const T* x, int64_t large, int64_t small,
                                 int64_t n, bool fresh) {
  constexpr int64_t part = 2048, most_parts = 1024;
  const bool vectors = n % Vector<T>::count == 0 && aligned(dy, x);
  const int64_t parts = std::clamp<int64_t>(quotient_up(n, part), 1, most_parts);
  Wide<T>* const partial =
      reinterpret_cast<Wide<T>*>(stream.workspace.at_least(parts * tile_side * tile_side * sizeof(Wide<T>)));
  for (int64_t i = 0; i < large; i += tile_side)
    for (int64_t j = 0; j < small; j += tile_side) {
      const Products<T> of{dy + i * n, x + j * n, n, int(std::min<int64_t>(tile_side, large - i)),
                           int(std::min<int64_t>(tile_side, small - j))};
      GATUN_LAUNCH(stream, layer_mix_products<T>, grid_for(stream, parts, 1), threads,
                   2 * tile_side * 32 * sizeof(Vector<T>), of, partial, parts, vectors);
      sums::launch_columns(stream, sums::Sources<Wide<T>, 1>{{partial}}, {1, parts, int64_t{of.larges} * of.smalls}, 1,
                           static_cast<Wide<T>*>(nullptr), sums::Identity{},
                           IntoWeights<T>{dw + i * small + j, small, of.smalls, fresh});
    }
}

}  // namespace

void layer_mix_forward(gatun_stream& stream, void* y, const void* w, const void* x, int64_t large, int64_t small,
                       int64_t n, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    mix_all(stream, Mixture<T>{(T*)y, (const T*)x, (const T*)w, n, small, 1, 0, 0}, large, small, true);
  });
}

void layer_mix_pullback(gatun_stream& stream, void* dw, void* dx, const void* dy, const void* w, const void* x,
                        int64_t large, int64_t small, int64_t n, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    if (dw) products(stream, (T*)dw, (const T*)dy, (const T*)x, large, small, n, is_fresh(fresh, 0));
    if (dx)
      mix_all(stream, Mixture<T>{(T*)dx, (const T*)dy, (const T*)w, n, 1, small, 0, 0}, small, large,
              is_fresh(fresh, 1));
  });
}

}  // namespace gatun
