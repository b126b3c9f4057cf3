// Rows of logits on a device, one block a row: log-sum-exp, the loss of a row, and the gradient softmax - one-hot.
// Shared by softmax-cross-entropy and the head. Each row is read twice, the second time from the second-level cache:
// maximum and sum grow together in the first pass (Milakov and Gimelshein 2018). Trap: the loss of a row is (maximum -
// logit) + log(sum): lse - logit would lose the bits of lse's magnitude.
#pragma once
#include <algorithm>

#include "pieces.cuh"
#include "softmax_rows.cuh"

namespace gatun::softmax_rows {

/// The most a block has.
constexpr int threads = 512;
constexpr int64_t reduction_bytes = threads / 32 * sizeof(double);

/// Blocks for rows of so many pieces. Where these are fewer than threads, a block has one for each and no warp that
/// would only wait; threads still step by the most of a block, a constant that costs no register, and so beyond the
/// row.
struct Blocks {
  int each;
  dim3 grid;
  Blocks(gatun_stream& stream, int64_t rows, int64_t pieces) {
    each = static_cast<int>(std::clamp<int64_t>((pieces + 31) / 32 * 32, 32, threads));
    const int together = 4 * (threads / each);
    grid = grid_for(stream, rows, 1, together < 16 ? together : 16);
  }
};

/// The sum of e^(x - max) over what was seen.
template <class W> struct Seen { W max, sum; };

template <class W> GATUN_DEVICE Seen<W> nothing() { return {-W(INFINITY), W(0)}; }

/// Of all threads of the block, in every thread. The common maximum comes first, so that each sum is rescaled once.
template <class W> GATUN_DEVICE Seen<W> block_together(Seen<W> seen) {
  auto* const scratch = reinterpret_cast<W*>(shared_memory());
  const W max = block_max(seen.max, scratch);
  if (max == -W(INFINITY)) return {max, W(0)};
  return {max, block_sum(seen.sum * exp(seen.max - max), scratch)};
}

template <class T, template <class> class Piece> GATUN_DEVICE Seen<Wide<T>> see_row(const T* row, int64_t vocab) {
  using P = Pieces<T, Piece>;
  using W = Wide<T>;
  auto seen = nothing<W>();
  const auto take = [&](const auto& values, int count) {
    W max = seen.max;
    for (int i = 0; i < count; i++) max = values[i] > max ? values[i] : max;
    if (max == -W(INFINITY)) return;
    W sum = seen.sum * exp(seen.max - max);
    for (int i = 0; i < count; i++) sum += exp(values[i] - max);
    seen = {max, sum};
  };
  const T* const rows[] = {row};
  over_pieces_of<P, 4>(rows, thread_index(), vocab / P::count, threads,
                       [&](int64_t, const auto& values) { take(values[0].at, P::count); });
  for (int64_t c = vocab / P::count * P::count + thread_index(); c < vocab; c += threads) {
    const W value[1] = {widened(load(row + c))};
    take(value, 1);
  }
  return block_together(seen);
}

/// out (+)= factor * (softmax - one-hot) for the first `vocab` elements; when fresh, 0 behind them. out may be row.
template <class T, template <class> class Piece>
GATUN_DEVICE void write_gradient(T* out, const T* row, Seen<Wide<T>> seen, int32_t target, Wide<T> factor,
                                 int64_t vocab, int64_t stride, bool fresh) {
  using P = Pieces<T, Piece>;
  using W = Wide<T>;
  const W share = factor / seen.sum;
  const auto gradient = [&](W logit, int64_t c) {
    return c == target ? factor * (exp(logit - seen.max) / seen.sum - W(1)) : share * exp(logit - seen.max);
  };
  const T* const rows[] = {row, fresh ? nullptr : out};
  over_pieces_of<P, 2>(rows, thread_index(), vocab / P::count, threads, [&](int64_t p, auto& values) {
    auto &logits = values[0], &result = values[1];
    for (int i = 0; i < P::count; i++) result.at[i] += gradient(logits.at[i], p * P::count + i);
    P::write(out, p, result);
  });
  for (int64_t c = vocab / P::count * P::count + thread_index(); c < vocab; c += threads) {
    const W value = gradient(widened(load(row + c)), c);
    store(out + c, narrowed<T>(fresh ? value : widened(load(out + c)) + value));
  }
  if (fresh)
    for (int64_t c = vocab + thread_index(); c < stride; c += threads_in_block()) store(out + c, narrowed<T>(W(0)));
}

template <class T> GATUN_DEVICE void write_zeros(T* out, int64_t stride) {
  for (int64_t c = thread_index(); c < stride; c += threads_in_block()) store(out + c, narrowed<T>(Wide<T>(0)));
}

/// Targets at or above `vocab` are reported by the door's check; here they leave their row out.
GATUN_DEVICE int32_t target_of(const int32_t* targets, int64_t r, int64_t vocab) {
  const int32_t target = load(targets + r);
  return target < vocab ? target : -1;
}

template <class T> struct Rows {
  T* logits;
  Wide<T>*losses, *lse;
  const int32_t* targets;
  const int64_t* counted;
  int64_t rows, vocab, stride;
};

template <class T, template <class> class Piece, bool gradient_over_logits> GATUN_KERNEL(threads, fitting<T>(2))
softmax_cross_entropy_forward_block_per_row(Rows<T> a) {
  using W = Wide<T>;
  for (int64_t r = block_x(); r < a.rows; r += blocks_x()) {
    T* const row = a.logits + r * a.stride;
    const int32_t target = target_of(a.targets, r, a.vocab);
    const W logit = target < 0 || thread_index() ? W(0) : widened(load(row + target));
    const auto seen = see_row<T, Piece>(row, a.vocab);
    const W log_sum = log(seen.sum);
    if (thread_index() == 0) {
      store(a.lse + r, seen.max + log_sum);
      store(a.losses + r, target < 0 ? W(0) : (seen.max - logit) + log_sum);
    }
    if constexpr (gradient_over_logits) {
      // The barriers of see_row lie between this and the reading of the target's logit.
      if (target < 0)
        write_zeros(row, a.stride);
      else
        write_gradient<T, Piece>(row, row, seen, target, W(1) / W(load(a.counted)), a.vocab, a.stride, true);
    }
  }
}

template <class T> void forward(gatun_stream& stream, T* logits, Wide<T>* losses, Wide<T>* lse, const int32_t* targets,
                                const int64_t* counted, int64_t rows, int64_t vocab, int64_t stride,
                                bool gradient_over_logits) {
  if (rows == 0) return;
  const Rows<T> a{logits, losses, lse, targets, counted, rows, vocab, stride};
  by_truth(stride % Vector<T>::count == 0 && aligned(logits), [&](auto vectors) {
    const Blocks blocks(stream, rows, decltype(vectors)::value ? vocab / Vector<T>::count : vocab);
    by_truth(gradient_over_logits, [&](auto over) {
      constexpr bool o = decltype(over)::value;
      if constexpr (decltype(vectors)::value)
        GATUN_LAUNCH(stream, (softmax_cross_entropy_forward_block_per_row<T, Vector, o>), blocks.grid, blocks.each,
                     reduction_bytes, a);
      else
        GATUN_LAUNCH(stream, (softmax_cross_entropy_forward_block_per_row<T, One, o>), blocks.grid, blocks.each,
                     reduction_bytes, a);
    });
  });
}

template <class T> struct Gradient {
  T* dlogits;
  const T* logits;
  const int32_t* targets;
  const Wide<T>* dloss;
  const int64_t* counted;
  int64_t rows, vocab, stride;
  bool fresh;
};

template <class T, template <class> class Piece> GATUN_KERNEL(threads, fitting<T>(2))
softmax_cross_entropy_pullback_block_per_row(Gradient<T> a) {
  using W = Wide<T>;
  const int64_t counted = load(a.counted);
  const W factor = counted ? load(a.dloss) / W(counted) : W(0);
  for (int64_t r = block_x(); r < a.rows; r += blocks_x()) {
    T* const out = a.dlogits + r * a.stride;
    const int32_t target = target_of(a.targets, r, a.vocab);
    if (target < 0) {
      if (a.fresh) write_zeros(out, a.stride);
      continue;
    }
    const T* const row = a.logits + r * a.stride;
    const auto seen = see_row<T, Piece>(row, a.vocab);
    write_gradient<T, Piece>(out, row, seen, target, factor, a.vocab, a.stride, a.fresh);
  }
}

template <class T> void gradient(gatun_stream& stream, T* dlogits, const T* logits, const int32_t* targets,
                                 const Wide<T>* dloss, const int64_t* counted, int64_t rows, int64_t vocab,
                                 int64_t stride, bool fresh) {
  if (rows == 0) return;
  const Gradient<T> a{dlogits, logits, targets, dloss, counted, rows, vocab, stride, fresh};
  const bool vectors = stride % Vector<T>::count == 0 && aligned(logits, dlogits);
  const Blocks blocks(stream, rows, vectors ? vocab / Vector<T>::count : vocab);
  if (vectors)
    GATUN_LAUNCH(stream, (softmax_cross_entropy_pullback_block_per_row<T, Vector>), blocks.grid, blocks.each,
                 reduction_bytes, a);
  else
    GATUN_LAUNCH(stream, (softmax_cross_entropy_pullback_block_per_row<T, One>), blocks.grid, blocks.each,
                 reduction_bytes, a);
}

GATUN_KERNEL(threads, 1)
softmax_cross_entropy_count(int64_t* counted, const int32_t* targets, int64_t rows, int64_t vocab) {
  int64_t sum = 0;
  over_block(targets, rows, [&](int64_t, int32_t target) { sum += target >= 0 && target < vocab; });
  sum = block_sum(sum, reinterpret_cast<int64_t*>(shared_memory()));
  if (thread_index() == 0) store(counted, sum);
}

void count_targets(gatun_stream& stream, int64_t* counted, const int32_t* targets, int64_t rows, int64_t vocab) {
  GATUN_LAUNCH(stream, softmax_cross_entropy_count, dim3(1), threads, reduction_bytes, counted, targets, rows, vocab);
}

template <class W> GATUN_KERNEL(threads, 1)
softmax_cross_entropy_mean(W* loss, const W* losses, const int64_t* counted, int64_t rows) {
  double sum = 0;
  over_block(losses, rows, [&](int64_t, W loss_of_row) { sum += double(loss_of_row); });
  sum = block_sum(sum, reinterpret_cast<double*>(shared_memory()));
  const int64_t count = load(counted);
  if (thread_index() == 0) store(loss, count ? W(sum / double(count)) : W(0));
}

template <class W>
void mean_of_rows(gatun_stream& stream, W* loss, const W* losses, const int64_t* counted, int64_t rows) {
  GATUN_LAUNCH(stream, softmax_cross_entropy_mean<W>, dim3(1), threads, reduction_bytes, loss, losses, counted, rows);
}

}  // namespace gatun::softmax_rows
