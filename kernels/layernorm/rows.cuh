// Rows through a layer norm on a device, one warp a row, for the plain norm and for the one that adds a residual first.
// Bound by memory: each row is read once and stays in registers, or where it is ragged or too long in shared memory,
// while mean, variance and result are made of it; weight and bias are read once a block, and blocks walk the rows in
// strides of the grid. A row that is too long for shared memory too is read again for each pass, from the second-level
// cache.
// Trap: the sum of squares minus the squared mean cancels for rows far from zero, hence passes over the row that is
// here.
#pragma once
#include "rows_in_registers.cuh"
#include "sums.cuh"

namespace gatun::norm_rows {

/// What every target grants a block that asks for it.
constexpr int64_t most_shared_bytes = 96 << 10;

/// Warps a block, when the block keeps `shared` rows and each warp `each` of its own; 0 where not even one warp fits.
inline int warps_for(int64_t shared, int64_t each, int64_t cols, int64_t wide_bytes) {
  const int64_t room = most_shared_bytes / (cols * wide_bytes) - shared;
  return static_cast<int>(room < each ? 0 : room / each < most_warps ? room / each : most_warps);
}

/// Calls `work` with how many pieces a lane a row is held in registers, 0 where it is not.
template <class T, class Work> void by_pieces(int64_t cols, bool vectors, Work work) {
  const int64_t pieces_a_lane = loops::quotient_up(cols / Vector<T>::count, 32);
  if constexpr (!std::is_same_v<T, double>) {
    if (vectors && pieces_a_lane <= 4) return work(std::integral_constant<int, 4>{});
    if (vectors && pieces_a_lane <= 8) return work(std::integral_constant<int, 8>{});
  }
  work(std::integral_constant<int, 0>{});
}

template <class T, template <class> class Piece, bool keeps> GATUN_KERNEL(32 * most_warps, 2)
layernorm_forward_warp_per_row(Forward<T> a) {
  using P = Pieces<T, Piece>;
  using W = Wide<T>;
  const int64_t pieces = a.cols / P::count, warps = threads_in_block() / 32;
  W* const weight = reinterpret_cast<W*>(shared_memory());
  W* const bias = weight + a.cols;
  W* const row = bias + a.cols + warp_index() * a.cols;
  if constexpr (keeps) {
    keep_row<P>(weight, a.weight, pieces);
    keep_row<P>(bias, a.bias, pieces);
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
        values = P::values_of(P::stored(values));
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

template <class T> void forward_in_memory(gatun_stream& stream, const Forward<T>& a, bool vectors) {
  constexpr int64_t wide = sizeof(Wide<T>);
  const int fitting = warps_for(2, 1, a.cols, wide), warps = fitting ? fitting : most_warps;
  const auto grid = grid_for(stream, a.rows, warps, 4);
  by_truth(vectors, [&](auto whole) {
    by_truth(fitting > 0, [&](auto keeps) {
      constexpr bool kept = decltype(keeps)::value;
      const int64_t bytes = kept ? (2 + warps) * a.cols * wide : 0;
      if constexpr (decltype(whole)::value)
        GATUN_LAUNCH(stream, (layernorm_forward_warp_per_row<T, Vector, kept>), grid, 32 * warps, bytes, a);
      else
        GATUN_LAUNCH(stream, (layernorm_forward_warp_per_row<T, One, kept>), grid, 32 * warps, bytes, a);
    });
  });
}

template <class T> void forward(gatun_stream& stream, const Forward<T>& a) {
  if (a.rows == 0) return;
  const bool vectors = a.cols % Vector<T>::count == 0 && aligned(a.sum, a.y, a.x, a.residual, a.weight, a.bias);
  by_pieces<T>(a.cols, vectors, [&](auto held) {
    constexpr int most = decltype(held)::value;
    if constexpr (most > 0) {
      const auto launch = [&](auto with_residual) {
        constexpr bool adds = decltype(with_residual)::value;
        GATUN_LAUNCH(stream, (layernorm_forward_in_registers<T, most, adds>),
                     grid_for(stream, a.rows, most_warps, forward_blocks<most, adds>), 32 * most_warps,
                     2 * a.cols * int64_t(sizeof(Wide<T>)), a);
      };
      a.residual ? launch(std::true_type{}) : launch(std::false_type{});
    } else
      forward_in_memory(stream, a, vectors);
  });
}

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
    keep_row<P>(weight, a.weight, pieces);
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
    const T* const added[] = {a.dsum ? a.dsum + at : nullptr};
    over_pieces_of<P, 4>(added, lane_index(), pieces, 32, [&](int64_t p, auto& values) {
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
      for (int i = 0; i < P::count; i++) values[0].at[i] += rstd * (g.at[i] - sum - n.at[i] * projection);
      put<P>(a.dx, at, p, values[0], a.fresh_x);
      put<P>(a.dresidual, at, p, values[0], a.fresh_residual);
    });
  }
  if constexpr (keeps) {
    block_barrier();
    leave_sums<P>(a.partials + block_x() * 2 * a.cols, weight + 3 * a.cols, 4 * a.cols, pieces);
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

/// Makes room for as many partial sums.
template <class T> void reserve_partials(gatun_stream& stream, Pullback<T>& a, int64_t partials) {
  const int64_t bytes = partials * 2 * a.cols * static_cast<int64_t>(sizeof(Wide<T>));
  a.partials = reinterpret_cast<Wide<T>*>(stream.workspace.at_least(bytes));
}

/// Answers how many partial sums it left.
template <class T> int64_t pullback_in_memory(gatun_stream& stream, Pullback<T>& a, bool vectors, bool wants_sums) {
  constexpr int64_t wide = sizeof(Wide<T>);
  const int fitting = warps_for(1, 4, a.cols, wide), warps = fitting ? fitting : most_warps;
  const auto grid = grid_for(stream, a.rows, warps, 2);
  const int64_t runs = loops::quotient_up(a.rows, rows_a_run), partials = fitting ? grid.x : runs;
  reserve_partials(stream, a, partials);
  by_truth(vectors, [&](auto whole) {
    by_truth(fitting > 0, [&](auto keeps) {
      constexpr bool kept = decltype(keeps)::value;
      const int64_t bytes = kept ? (1 + 4 * warps) * a.cols * wide : 0;
      if constexpr (decltype(whole)::value)
        GATUN_LAUNCH(stream, (layernorm_pullback_warp_per_row<T, Vector, kept>), grid, 32 * warps, bytes, a);
      else
        GATUN_LAUNCH(stream, (layernorm_pullback_warp_per_row<T, One, kept>), grid, 32 * warps, bytes, a);
    });
  });
  const dim3 columns(static_cast<unsigned>(loops::quotient_up(a.cols, column_threads)), static_cast<unsigned>(runs));
  if (wants_sums && !fitting)
    GATUN_LAUNCH(stream, layernorm_pullback_thread_per_column<T>, columns, column_threads, 0, a);
  return partials;
}

template <class T> int64_t pullback_of_rows(gatun_stream& stream, Pullback<T>& a, bool wants_sums) {
  constexpr int64_t wide = sizeof(Wide<T>);
  const bool vectors = a.cols % Vector<T>::count == 0 && aligned(a.dx, a.dresidual, a.dsum, a.dy, a.x, a.weight);
  int64_t partials = 0;
  by_pieces<T>(a.cols, vectors, [&](auto held) {
    constexpr int most = decltype(held)::value;
    if constexpr (most > 0) {
      const int warps = warps_for(1, 2, a.cols, wide);
      const auto grid = grid_for(stream, a.rows, warps, pullback_blocks<most>);
      partials = grid.x;
      reserve_partials(stream, a, partials);
      GATUN_LAUNCH(stream, (layernorm_pullback_in_registers<T, most>), grid, 32 * warps,
                   (1 + 2 * warps) * a.cols * wide, a);
    } else {
      partials = pullback_in_memory(stream, a, vectors, wants_sums);
    }
  });
  return partials;
}

template <class T> void pullback(gatun_stream& stream, Pullback<T> a, const WeightGradients<Wide<T>>& to) {
  using W = Wide<T>;
  const bool wants_sums = to.weight || to.bias;
  const int64_t partials = a.rows ? pullback_of_rows(stream, a, wants_sums) : 0;
  if (wants_sums && a.cols)
    sums::launch_columns(stream, loops::Sources<W, 1>{{a.partials}}, {1, partials, 2 * a.cols}, 1,
                         static_cast<W*>(nullptr), sums::Identity{}, to);
}

}  // namespace gatun::norm_rows
