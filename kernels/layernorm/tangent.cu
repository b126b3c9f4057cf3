// The tangents of the layer norm and of its pullback: see the formulas in gatun.h. Bound by memory: a block a row,
// whose pieces stay with their thread, so that the second look at a row finds it in the first-level cache. Column sums
// gather in shared memory, or in global memory where a row is too long for that, and their parts meet in a second
// launch.
#include <algorithm>

#include "norm_rows.cuh"
#include "pieces.cuh"
#include "sums.cuh"

namespace gatun {
namespace {

constexpr int threads = 256;
constexpr int64_t reduction_bytes = threads / 32 * sizeof(double);

/// Element i of a piece of an array that may be null.
template <class P, class T> GATUN_DEVICE typename P::Values read_or_zeros(const T* row, int64_t p) {
  return row ? P::read(row, p) : typename P::Values{};
}
template <class P, class W> GATUN_DEVICE typename P::Values read_wide_or_zeros(const W* row, int64_t p) {
  return row ? P::read_wide(row, p) : typename P::Values{};
}

/// The means of several terms over a row; add(p) gives each thread's share of a piece.
template <int count, class W, class Add>
GATUN_DEVICE void block_means(W (&means)[count], int64_t pieces, int64_t cols, Add add) {
  for (int i = 0; i < count; i++) means[i] = 0;
  for (int64_t p = thread_index(); p < pieces; p += threads) add(p);
  for (int i = 0; i < count; i++) means[i] = block_sum(means[i], reinterpret_cast<W*>(shared_memory())) / W(cols);
}

template <class T> struct Forward {
  T* ty;
  Wide<T>*tmean, *trstd;
  const T *x, *tx;
  const Wide<T>*weight, *tweight, *tbias, *mean, *rstd;
  int64_t rows, cols;
};

template <class T, template <class> class Piece> GATUN_KERNEL(threads, fitting<T>(4))
layernorm_tangent_block_per_row(Forward<T> a) {
  using P = Pieces<T, Piece>;
  using W = Wide<T>;
  const int64_t pieces = a.cols / P::count;
  for (int64_t r = block_x(); r < a.rows; r += blocks_x()) {
    const T *const x = a.x + r * a.cols, *const tx = a.tx ? a.tx + r * a.cols : nullptr;
    const W mean = load(a.mean + r), rstd = load(a.rstd + r);
    W shift[1] = {}, slope[1] = {};
    if (tx) {
      block_means(shift, pieces, a.cols, [&](int64_t p) {
        const auto moved = P::read(tx, p);
        for (int i = 0; i < P::count; i++) shift[0] += moved.at[i];
      });
      block_means(slope, pieces, a.cols, [&](int64_t p) {
        const auto values = P::read(x, p), moved = P::read(tx, p);
        for (int i = 0; i < P::count; i++) slope[0] += (moved.at[i] - shift[0]) * ((values.at[i] - mean) * rstd);
      });
    }
    if (thread_index() == 0) {
      store(a.tmean + r, shift[0]);
      store(a.trstd + r, -rstd * rstd * slope[0]);
    }
    for (int64_t p = thread_index(); p < pieces; p += threads) {
      const auto values = P::read(x, p), moved = read_or_zeros<P>(tx, p), weight = P::read_wide(a.weight, p);
      const auto tweight = read_wide_or_zeros<P>(a.tweight, p), tbias = read_wide_or_zeros<P>(a.tbias, p);
      typename P::Values out;
      for (int i = 0; i < P::count; i++) {
        const W n = (values.at[i] - mean) * rstd, tn = rstd * (moved.at[i] - shift[0] - n * slope[0]);
        out.at[i] = tn * weight.at[i] + n * tweight.at[i] + tbias.at[i];
      }
      P::write(a.ty + r * a.cols, p, out);
    }
  }
}

template <class T> struct Pullback {
  T *tdx, *tdresidual;
  const T *tdsum, *dy, *tdy, *x, *tx;
  const Wide<T>*weight, *tweight, *mean, *tmean, *rstd, *trstd;
  Wide<T>* partials;  // (blocks, 2, cols), or null where no column sums are wanted
  int64_t rows, cols;
  bool fresh_x, fresh_residual, sums_in_shared;
};

/// One piece of a row: the normalized x, the cotangent that reaches it, their tangents, and what the weights see.
template <class P> struct Moving { typename P::Values n, tn, g, tg, dweight, dbias; };

template <class P, class T> GATUN_DEVICE Moving<P> piece_of(const Pullback<T>& a, int64_t r, int64_t p) {
  using W = Wide<T>;
  const W mean = load(a.mean + r), rstd = load(a.rstd + r);
  const W tmean = a.tmean ? load(a.tmean + r) : W(0), trstd = a.trstd ? load(a.trstd + r) : W(0);
  const auto x = P::read(a.x + r * a.cols, p), tx = read_or_zeros<P>(a.tx ? a.tx + r * a.cols : nullptr, p);
  const auto dy = P::read(a.dy + r * a.cols, p), tdy = read_or_zeros<P>(a.tdy ? a.tdy + r * a.cols : nullptr, p);
  const auto weight = P::read_wide(a.weight, p), tweight = read_wide_or_zeros<P>(a.tweight, p);
  Moving<P> piece;
  for (int i = 0; i < P::count; i++) {
    const W n = (x.at[i] - mean) * rstd, tn = (tx.at[i] - tmean) * rstd + (x.at[i] - mean) * trstd;
    piece.n.at[i] = n;
    piece.tn.at[i] = tn;
    piece.g.at[i] = dy.at[i] * weight.at[i];
    piece.tg.at[i] = tdy.at[i] * weight.at[i] + dy.at[i] * tweight.at[i];
    piece.dweight.at[i] = tdy.at[i] * n + dy.at[i] * tn;
    piece.dbias.at[i] = tdy.at[i];
  }
  return piece;
}

/// Column sums of a block, at home in shared or in global memory. A column belongs to one thread.
template <class W> struct ColumnSums {
  W* at;
  bool in_shared;
  GATUN_DEVICE W get(int64_t i) const { return in_shared ? shared_load(at + i) : load(at + i); }
  GATUN_DEVICE void set(int64_t i, W value) const {
    if (in_shared)
      shared_store(at + i, value);
    else
      store(at + i, value);
  }
};

template <class P, class T>
GATUN_DEVICE void deliver(T* to, int64_t at, int64_t p, typename P::Values values, bool fresh) {
  if (!to) return;
  if (!fresh) {
    const auto before = P::read(to + at, p);
    for (int i = 0; i < P::count; i++) values.at[i] += before.at[i];
  }
  P::write(to + at, p, values);
}

template <class T, template <class> class Piece> GATUN_KERNEL(threads, fitting<T>(2))
layernorm_pullback_tangent_block_per_row(Pullback<T> a) {
  using P = Pieces<T, Piece>;
  using W = Wide<T>;
  const int64_t pieces = a.cols / P::count;
  W* const own = a.partials ? a.partials + block_x() * 2 * a.cols : nullptr;
  const ColumnSums<W> sums{a.sums_in_shared ? reinterpret_cast<W*>(shared_memory() + reduction_bytes) : own,
                           a.sums_in_shared};
  const auto over_own = [&](auto work) {
    for (int64_t p = thread_index(); p < pieces && own; p += threads)
      for (int64_t c = p * P::count; c < (p + 1) * P::count; c++) work(c);
  };
  over_own([&](int64_t c) {
    sums.set(c, W(0));
    sums.set(a.cols + c, W(0));
  });
  for (int64_t r = block_x(); r < a.rows; r += blocks_x()) {
    W means[4];
    block_means(means, pieces, a.cols, [&](int64_t p) {
      const auto piece = piece_of<P>(a, r, p);
      for (int i = 0; i < P::count; i++) {
        means[0] += piece.g.at[i];
        means[1] += piece.g.at[i] * piece.n.at[i];
        means[2] += piece.tg.at[i];
        means[3] += piece.tg.at[i] * piece.n.at[i] + piece.g.at[i] * piece.tn.at[i];
        if (!own) continue;
        const int64_t c = p * P::count + i;
        sums.set(c, sums.get(c) + piece.dweight.at[i]);
        sums.set(a.cols + c, sums.get(a.cols + c) + piece.dbias.at[i]);
      }
    });
    const W rstd = load(a.rstd + r), trstd = a.trstd ? load(a.trstd + r) : W(0);
    for (int64_t p = thread_index(); p < pieces && (a.tdx || a.tdresidual); p += threads) {
      const auto piece = piece_of<P>(a, r, p);
      auto out = read_or_zeros<P>(a.tdsum ? a.tdsum + r * a.cols : nullptr, p);
      for (int i = 0; i < P::count; i++) {
        const W n = piece.n.at[i], rest = piece.g.at[i] - means[0] - n * means[1];
        out.at[i] += trstd * rest + rstd * (piece.tg.at[i] - means[2] - piece.tn.at[i] * means[1] - n * means[3]);
      }
      deliver<P>(a.tdx, r * a.cols, p, out, a.fresh_x);
      deliver<P>(a.tdresidual, r * a.cols, p, out, a.fresh_residual);
    }
  }
  if (a.sums_in_shared)
    over_own([&](int64_t c) {
      store(own + c, sums.get(c));
      store(own + a.cols + c, sums.get(a.cols + c));
    });
}

template <class T>
void pullback_tangent(gatun_stream& stream, Pullback<T> a, const norm_rows::WeightGradients<Wide<T>>& to) {
  using W = Wide<T>;
  constexpr int64_t many_blocks = 512, most_shared = 48 << 10;
  const bool wants_sums = to.weight || to.bias;
  // Of the sizes alone, so that sums have the same bits on every device.
  const int64_t blocks = std::clamp<int64_t>(a.rows, 1, many_blocks), sum_bytes = 2 * a.cols * sizeof(W);
  if (wants_sums) a.partials = reinterpret_cast<W*>(stream.workspace.at_least(blocks * sum_bytes));
  a.sums_in_shared = wants_sums && reduction_bytes + sum_bytes <= most_shared;
  const int64_t shared = reduction_bytes + (a.sums_in_shared ? sum_bytes : 0);
  const dim3 grid(static_cast<unsigned>(blocks));
  const bool vectors = a.cols % Vector<T>::count == 0 &&
                       aligned(a.tdx, a.tdresidual, a.tdsum, a.dy, a.tdy, a.x, a.tx, a.weight, a.tweight);
  if (vectors)
    GATUN_LAUNCH(stream, (layernorm_pullback_tangent_block_per_row<T, Vector>), grid, threads, shared, a);
  else
    GATUN_LAUNCH(stream, (layernorm_pullback_tangent_block_per_row<T, One>), grid, threads, shared, a);
  if (wants_sums)
    sums::columns<W>(stream, loops::Sources<W, 1>{{a.partials}}, {1, blocks, 2 * a.cols}, sums::Identity{}, to);
}

}  // namespace

void layernorm_tangent(gatun_stream& stream, void* ty, void* tmean, void* trstd, const void* x, const void* tx,
                       const void* weight, const void* tweight, const void* tbias, const void* mean, const void* rstd,
                       int64_t rows, int64_t cols, gatun_dtype dtype) {
  if (rows == 0) return;
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Forward<T> a{
        (T*)ty,          (W*)tmean,      (W*)trstd,      (const T*)x, (const T*)tx, (const W*)weight, (const W*)tweight,
        (const W*)tbias, (const W*)mean, (const W*)rstd, rows,        cols};
    const auto grid = grid_for(stream, rows, 1);
    if (cols % Vector<T>::count == 0 && aligned(ty, x, tx, weight, tweight, tbias))
      GATUN_LAUNCH(stream, (layernorm_tangent_block_per_row<T, Vector>), grid, threads, reduction_bytes, a);
    else
      GATUN_LAUNCH(stream, (layernorm_tangent_block_per_row<T, One>), grid, threads, reduction_bytes, a);
  });
}

void layernorm_pullback_tangent(gatun_stream& stream, void* tdx, void* tdresidual, void* tdweight, void* tdbias,
                                const void* tdsum, const void* dy, const void* tdy, const void* x, const void* tx,
                                const void* weight, const void* tweight, const void* mean, const void* tmean,
                                const void* rstd, const void* trstd, int64_t rows, int64_t cols, int32_t fresh,
                                gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    Pullback<T> a{};
    a.tdx = (T*)tdx;
    a.tdresidual = (T*)tdresidual;
    a.tdsum = (const T*)tdsum;
    a.dy = (const T*)dy;
    a.tdy = (const T*)tdy;
    a.x = (const T*)x;
    a.tx = (const T*)tx;
    a.weight = (const W*)weight;
    a.tweight = (const W*)tweight;
    a.mean = (const W*)mean;
    a.tmean = (const W*)tmean;
    a.rstd = (const W*)rstd;
    a.trstd = (const W*)trstd;
    a.rows = rows;
    a.cols = cols;
    a.fresh_x = is_fresh(fresh, 0);
    a.fresh_residual = is_fresh(fresh, 1);
    pullback_tangent<T>(stream, a, {(W*)tdweight, (W*)tdbias, is_fresh(fresh, 2), is_fresh(fresh, 3), cols});
  });
}

}  // namespace gatun
