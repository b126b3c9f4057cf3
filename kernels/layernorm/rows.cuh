// Rows through a layer norm on a device, one warp a row, for the plain norm and for the one that adds a residual first.
// Bound by memory: each row is read once and lies in shared memory while mean, variance and result are made of it;
// weight and bias are read once a block, and blocks walk the rows in strides of the grid. A row that is too long for
// shared memory is read again for each pass, from the second-level cache.
// Trap: the sum of squares minus the squared mean cancels for rows far from zero, hence passes over the kept row.
#pragma once
#include "pieces.cuh"
#include "sums.cuh"

namespace gatun::norm_rows {

constexpr int most_warps = 8;
/// What every target grants a block that asks for it.
constexpr int64_t most_shared_bytes = 96 << 10;

/// Warps a block, when the block keeps `shared` rows and each warp `each` of its own; 0 where not even one warp fits.
inline int warps_for(int64_t shared, int64_t each, int64_t cols, int64_t wide_bytes) {
  const int64_t room = most_shared_bytes / (cols * wide_bytes) - shared;
  return static_cast<int>(room < each ? 0 : room / each < most_warps ? room / each : most_warps);
}

template <class T> struct Forward {
  T *sum, *y;
  Wide<T>*mean, *rstd;
  const T *x, *residual;
  const Wide<T>*weight, *bias;
  int64_t rows, cols;
  Wide<T> eps;
};

template <class T, template <class> class Piece, bool keeps> GATUN_KERNEL(32 * most_warps, 2)
layernorm_forward_warp_per_row(Forward<T> a) {
  using P = Pieces<T, Piece>;
  using W = Wide<T>;
  const int64_t pieces = a.cols / P::count, warps = threads_in_block() / 32;
  W* const weight = reinterpret_cast<W*>(shared_memory());
  W* const bias = weight + a.cols;
  W* const row = bias + a.cols + warp_index() * a.cols;
  if constexpr (keeps) {
    for (int64_t first = warp_index() * 32; first < pieces; first += threads_in_block()) {
      const auto w = P::read_wide_together(a.weight, first, pieces);
      const auto b = a.bias ? P::read_wide_together(a.bias, first, pieces) : typename P::Values{};
      const int64_t p = first + lane_index();
      if (p >= pieces) continue;
      P::keep(weight, pieces, p, w);
      P::keep(bias, pieces, p, b);
    }
    block_barrier();
  }
  for (int64_t r = block_x() * warps + warp_index(); r < a.rows; r += blocks_x() * warps) {
    const T* const from = (a.residual ? a.sum : a.x) + r * a.cols;
    W total = 0;
    const T* const terms[] = {a.x + r * a.cols, a.residual ? a.residual + r * a.cols : nullptr};
    over_pieces_of<P, 4>(terms, lane_index(), pieces, 32, [&](int64_t p, auto& term) {
      auto values = term[0];
      if (a.residual) {
        for (int i = 0; i < P::count; i++) values.at[i] += term[1].at[i];
        values = P::rounded(values);
        P::write(a.sum + r * a.cols, p, values);
      }
      if constexpr (keeps) P::keep(row, pieces, p, values);
      for (int i = 0; i < P::count; i++) total += values.at[i];
    });
    const W mean = warp_sum(total) / W(a.cols);
    W squares = 0;
    for (int64_t p = lane_index(); p < pieces; p += 32) {
      const auto values = keeps ? P::kept(row, pieces, p) : P::read(from, p);
      for (int i = 0; i < P::count; i++) squares += (values.at[i] - mean) * (values.at[i] - mean);
    }
    const W rstd = W(1) / sqrt(warp_sum(squares) / W(a.cols) + a.eps);
    for (int64_t p = lane_index(); p < pieces; p += 32) {
      auto values = keeps ? P::kept(row, pieces, p) : P::read(from, p);
      const auto w = keeps ? P::kept(weight, pieces, p) : P::read_wide(a.weight, p);
      const auto b = keeps ? P::kept(bias, pieces, p) : a.bias ? P::read_wide(a.bias, p) : typename P::Values{};
      for (int i = 0; i < P::count; i++) values.at[i] = (values.at[i] - mean) * rstd * w.at[i] + b.at[i];
      P::write(a.y + r * a.cols, p, values);
    }
    if (lane_index() == 0) {
      store(a.mean + r, mean);
      store(a.rstd + r, rstd);
    }
  }
}

template <class T> void forward(gatun_stream& stream, const Forward<T>& a) {
  if (a.rows == 0) return;
  constexpr int64_t wide = sizeof(Wide<T>);
  const int fitting = warps_for(2, 1, a.cols, wide), warps = fitting ? fitting : most_warps;
  const auto grid = grid_for(stream, a.rows, warps, 4);
  by_truth(a.cols % Vector<T>::count == 0 && aligned(a.sum, a.y, a.x, a.residual, a.weight, a.bias), [&](auto vectors) {
    by_truth(fitting > 0, [&](auto keeps) {
      constexpr bool kept = decltype(keeps)::value;
      const int64_t bytes = kept ? (2 + warps) * a.cols * wide : 0;
      if constexpr (decltype(vectors)::value)
        GATUN_LAUNCH(stream, (layernorm_forward_warp_per_row<T, Vector, kept>), grid, 32 * warps, bytes, a);
      else
        GATUN_LAUNCH(stream, (layernorm_forward_warp_per_row<T, One, kept>), grid, 32 * warps, bytes, a);
    });
  });
}

/// Two gradients may receive what comes through the norm; where `dsum` is, it is added. `partials` has (blocks, 2,
/// cols).
template <class T> struct Pullback {
  T *dx, *dresidual;
  const T *dsum, *dy, *x;
  const Wide<T>*weight, *mean, *rstd;
  Wide<T>* partials;
  int64_t rows, cols;
  bool fresh_x, fresh_residual;
};

/// dx of a row, with n = (x - mean) rstd and g = dy weight: rstd (g - mean(g) - n mean(g n)). Column sums of dy n and
/// dy grow in shared memory, warp by warp, and leave as one partial sum a block.
template <class T, template <class> class Piece, bool keeps> GATUN_KERNEL(32 * most_warps, 2)
layernorm_pullback_warp_per_row(Pullback<T> a) {
  using P = Pieces<T, Piece>;
  using W = Wide<T>;
  const int64_t pieces = a.cols / P::count, warps = threads_in_block() / 32;
  W* const weight = reinterpret_cast<W*>(shared_memory());
  W* const own = weight + a.cols + warp_index() * 4 * a.cols;
  W *const normal = own, *const gradient = own + a.cols, *const dweight = own + 2 * a.cols,
           *const dbias = own + 3 * a.cols;
  if constexpr (keeps) {
    for (int64_t first = warp_index() * 32; first < pieces; first += threads_in_block()) {
      const auto w = P::read_wide_together(a.weight, first, pieces);
      if (first + lane_index() < pieces) P::keep(weight, pieces, first + lane_index(), w);
    }
    for (int64_t p = lane_index(); p < pieces; p += 32) {
      P::keep(dweight, pieces, p, {});
      P::keep(dbias, pieces, p, {});
    }
    block_barrier();
  }
  for (int64_t r = block_x() * warps + warp_index(); r < a.rows; r += blocks_x() * warps) {
    const int64_t at = r * a.cols;
    const W mean = load(a.mean + r), rstd = load(a.rstd + r);
    W sum = 0, projection = 0;
    const T* const rows[] = {a.x + at, a.dy + at};
    over_pieces_of<P, 4>(rows, lane_index(), pieces, 32, [&](int64_t p, auto& values) {
      auto &n = values[0], &dy = values[1];
      const auto w = keeps ? P::kept(weight, pieces, p) : P::read_wide(a.weight, p);
      auto g = dy;
      for (int i = 0; i < P::count; i++) {
        n.at[i] = (n.at[i] - mean) * rstd;
        g.at[i] *= w.at[i];
        sum += g.at[i];
        projection += g.at[i] * n.at[i];
      }
      if constexpr (keeps) {
        P::keep(normal, pieces, p, n);
        P::keep(gradient, pieces, p, g);
        auto dw = P::kept(dweight, pieces, p), db = P::kept(dbias, pieces, p);
        for (int i = 0; i < P::count; i++) {
          dw.at[i] += dy.at[i] * n.at[i];
          db.at[i] += dy.at[i];
        }
        P::keep(dweight, pieces, p, dw);
        P::keep(dbias, pieces, p, db);
      }
    });
    sum = warp_sum(sum) / W(a.cols);
    projection = warp_sum(projection) / W(a.cols);
    if (!a.dx && !a.dresidual) continue;
    const T* const added[] = {a.dsum ? a.dsum + at : nullptr, a.dx && !a.fresh_x ? a.dx + at : nullptr,
                              a.dresidual && !a.fresh_residual ? a.dresidual + at : nullptr};
    over_pieces_of<P, 2>(added, lane_index(), pieces, 32, [&](int64_t p, auto& values) {
      typename P::Values n, g;
      if constexpr (keeps) {
        n = P::kept(normal, pieces, p);
        g = P::kept(gradient, pieces, p);
      } else {
        n = P::read(a.x + at, p);
        g = P::read(a.dy + at, p);
        const auto w = P::read_wide(a.weight, p);
        for (int i = 0; i < P::count; i++) {
          n.at[i] = (n.at[i] - mean) * rstd;
          g.at[i] *= w.at[i];
        }
      }
      auto &along = values[0], &dx = values[1], &dresidual = values[2];
      for (int i = 0; i < P::count; i++) {
        const W through = rstd * (g.at[i] - sum - n.at[i] * projection) + along.at[i];
        dx.at[i] += through;
        dresidual.at[i] += through;
      }
      if (a.dx) P::write(a.dx + at, p, dx);
      if (a.dresidual) P::write(a.dresidual + at, p, dresidual);
    });
  }
  if constexpr (keeps) {
    block_barrier();
    W* const partial = a.partials + block_x() * 2 * a.cols;
    for (int64_t first = warp_index() * 32; first < pieces; first += threads_in_block()) {
      const int64_t p = first + lane_index();
      typename P::Values dw{}, db{};
      for (int64_t warp = 0; warp < warps && p < pieces; warp++) {
        const W* const of = weight + a.cols + warp * 4 * a.cols;
        const auto w = P::kept(of + 2 * a.cols, pieces, p), b = P::kept(of + 3 * a.cols, pieces, p);
        for (int i = 0; i < P::count; i++) {
          dw.at[i] += w.at[i];
          db.at[i] += b.at[i];
        }
      }
      P::write_wide_together(partial, first, pieces, dw);
      P::write_wide_together(partial + a.cols, first, pieces, db);
    }
  }
}

constexpr int column_threads = 128;
constexpr int64_t rows_a_run = 256;

/// The column sums of rows too long to keep: a thread walks down one column of a run of rows.
template <class T> GATUN_KERNEL(column_threads, 8) layernorm_pullback_thread_per_column(Pullback<T> a) {
  using W = Wide<T>;
  const int64_t c = block_x() * column_threads + thread_index(), first = block_y() * rows_a_run;
  if (c >= a.cols) return;
  const int64_t end = first + rows_a_run < a.rows ? first + rows_a_run : a.rows;
  W dw = 0, db = 0;
  for (int64_t r = first; r < end; r++) {
    const W dy = widened(load(a.dy + r * a.cols + c));
    dw += dy * (widened(load(a.x + r * a.cols + c)) - load(a.mean + r)) * load(a.rstd + r);
    db += dy;
  }
  W* const partial = a.partials + block_y() * 2 * a.cols + c;
  store(partial, dw);
  store(partial + a.cols, db);
}

/// Where the column sums of dy n, and behind them those of dy, belong.
template <class W> struct WeightGradients {
  W *weight, *bias;
  bool fresh_weight, fresh_bias;
  int64_t cols;
  GATUN_DEVICE void operator()(int64_t i, W sum) const {
    const bool of_weight = i < cols;
    W* const gradient = of_weight ? weight : bias;
    if (!gradient) return;
    W* const to = gradient + (of_weight ? i : i - cols);
    const bool fresh = of_weight ? fresh_weight : fresh_bias;
    store(to, fresh ? sum : load(to) + sum);
  }
};

template <class T> void pullback(gatun_stream& stream, Pullback<T> a, const WeightGradients<Wide<T>>& to) {
  using W = Wide<T>;
  const int fitting = warps_for(1, 4, a.cols, sizeof(W)), warps = fitting ? fitting : most_warps;
  const auto grid = a.rows ? grid_for(stream, a.rows, warps, 2) : dim3(0);
  const int64_t runs = (a.rows + rows_a_run - 1) / rows_a_run, partials = fitting ? grid.x : runs;
  a.partials = reinterpret_cast<W*>(
      stream.workspace.at_least(partials * 2 * a.cols * static_cast<int64_t>(sizeof(W)), stream.handle));
  const bool wants_sums = to.weight || to.bias;
  const dim3 columns(static_cast<unsigned>((a.cols + column_threads - 1) / column_threads));
  if (a.rows)
    by_truth(a.cols % Vector<T>::count == 0 && aligned(a.dx, a.dresidual, a.dsum, a.dy, a.x, a.weight),
             [&](auto vectors) {
               by_truth(fitting > 0, [&](auto keeps) {
                 constexpr bool kept = decltype(keeps)::value;
                 const int64_t bytes = kept ? (1 + 4 * warps) * a.cols * static_cast<int64_t>(sizeof(W)) : 0;
                 if constexpr (decltype(vectors)::value)
                   GATUN_LAUNCH(stream, (layernorm_pullback_warp_per_row<T, Vector, kept>), grid, 32 * warps, bytes, a);
                 else
                   GATUN_LAUNCH(stream, (layernorm_pullback_warp_per_row<T, One, kept>), grid, 32 * warps, bytes, a);
               });
             });
  if (a.rows && wants_sums && !fitting)
    GATUN_LAUNCH(stream, layernorm_pullback_thread_per_column<T>, dim3(columns.x, static_cast<unsigned>(runs)),
                 column_threads, 0, a);
  if (wants_sums && a.cols)
    sums::launch_columns(stream, loops::Sources<W, 1>{{a.partials}}, {1, partials, 2 * a.cols}, 1,
                         static_cast<W*>(nullptr), sums::Identity{}, to);
}

}  // namespace gatun::norm_rows
