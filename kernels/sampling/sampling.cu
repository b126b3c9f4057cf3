// One label a row from softmax(logits), by the inverse of the cumulative sum; one block a row. Each warp takes a
// stretch of the row, so that the sums of warps say in whose stretch the label lies, and that warp alone reads its
// stretch again, a sixteenth of the row. Trap: the sum is met again in another order, so rounding may pass the end:
// then it is the last label with a chance.
#include "philox.cuh"
#include "pieces.cuh"

namespace gatun {
namespace {

constexpr int threads = 512, warps = threads / 32;

/// Stretches begin where a line of the cache does, in rows met in vectors.
constexpr int64_t pieces_in_line = 8;

/// The sum of e^(x - max) over what was seen.
template <class W> struct Seen { W max, sum; };

template <class W> GATUN_DEVICE Seen<W> together(Seen<W> a, Seen<W> b) {
  const W max = a.max > b.max ? a.max : b.max;
  if (max == -W(INFINITY)) return {max, W(0)};
  return {max, a.sum * exp(a.max - max) + b.sum * exp(b.max - max)};
}

template <class T> struct Rows {
  int32_t* labels;
  const T* logits;
  const int32_t* targets;
  const int64_t* key;
  uint64_t first;
  int64_t rows, vocab, stride;
};

/// A row of which a warp sees the pieces `from` to `to`; behind `vocab` logits count as -infinity.
template <class T, template <class> class Piece> struct Stretch {
  using P = Pieces<T, Piece>;
  using W = Wide<T>;
  const T* row;
  int64_t vocab, from, to;

  GATUN_DEVICE typename P::Values counting(typename P::Values values, int64_t p) const {
    if ((p + 1) * P::count > vocab)
      for (int i = 0; i < P::count; i++)
        if (p * P::count + i >= vocab) values.at[i] = -W(INFINITY);
    return values;
  }

  GATUN_DEVICE Seen<W> see() const {
    Seen<W> seen{-W(INFINITY), W(0)};
    const T* const rows[] = {row};
    over_pieces_of<P, 4>(rows, from + lane_index(), to, 32, [&](int64_t p, const auto& found) {
      const auto values = counting(found[0], p);
      W max = seen.max;
      for (int i = 0; i < P::count; i++) max = values.at[i] > max ? values.at[i] : max;
      if (max == -W(INFINITY)) return;
      W sum = seen.sum * exp(seen.max - max);
      for (int i = 0; i < P::count; i++) sum += exp(values.at[i] - max);
      seen = {max, sum};
    });
    for (int mask = 16; mask; mask /= 2)
      seen = together(seen, {shuffle_xor(seen.max, mask), shuffle_xor(seen.sum, mask)});
    return seen;
  }

  /// The first label at which the sum of e^(x - max) exceeds `mass`, in every lane; else the last with a chance.
  GATUN_DEVICE int64_t label_at(double mass, W max) const {
    int64_t last = -1;
    for (int64_t base = from; base < to; base += 32) {
      const int64_t p = base + lane_index();
      typename P::Values weights;
      double own = 0;
      const auto values = p < to ? counting(P::read(row, p), p) : typename P::Values{};
      for (int i = 0; i < P::count; i++) {
        weights.at[i] = p < to ? exp(values.at[i] - max) : W(0);
        own += double(weights.at[i]);
      }
      double through = own;
      for (int ahead = 1; ahead < 32; ahead *= 2) {
        const double before = shuffle(through, lane_index() - ahead);
        if (lane_index() >= ahead) through += before;
      }
      const bool crosses = through > mass;
      double rest = mass - (through - own);
      int64_t label = -1;
      for (int i = 0; i < P::count; i++) {
        if (!(weights.at[i] > W(0))) continue;
        if (label < 0 || rest >= 0) label = p * P::count + i;
        rest -= double(weights.at[i]);
      }
      // Of the lanes in which the sum has crossed the first decides, else the last one with a chance.
      const int deciding = -warp_max(crosses && label >= 0 ? -lane_index() : -32);
      if (deciding < 32) return shuffle(label, deciding);
      const int64_t latest = warp_max(label);
      last = latest > last ? latest : last;
      mass -= shuffle(through, 31);
    }
    return last;
  }
};

template <class T, template <class> class Piece> GATUN_KERNEL(threads, fitting<T>(2))
sample_categorical_block_per_row(Rows<T> a) {
  using W = Wide<T>;
  constexpr int count = Pieces<T, Piece>::count;
  auto* const of_warps = reinterpret_cast<Seen<W>*>(shared_memory());
  const Sequence sequence{static_cast<uint64_t>(load(a.key)), static_cast<uint64_t>(load(a.key + 1))};
  const int64_t pieces = (a.vocab + count - 1) / count, lines = (pieces + pieces_in_line - 1) / pieces_in_line;
  const int64_t from = lines * warp_index() / warps * pieces_in_line;
  const int64_t end = lines * (warp_index() + 1) / warps * pieces_in_line, to = end < pieces ? end : pieces;
  for (int64_t r = block_x(); r < a.rows; r += blocks_x()) {
    if (a.targets && load(a.targets + r) < 0) {
      if (thread_index() == 0) store(a.labels + r, int32_t{-1});
      continue;
    }
    const Stretch<T, Piece> stretch{a.logits + r * a.stride, a.vocab, from, to};
    const auto seen = stretch.see();
    block_barrier();  // behind the reading of the row before
    if (lane_index() == 0) shared_store(of_warps + warp_index(), seen);
    block_barrier();
    W max = -W(INFINITY);
    for (int w = 0; w < warps; w++) {
      const W other = shared_load(of_warps + w).max;
      max = other > max ? other : max;
    }
    double total = 0;
    const auto weight_of = [&](int w) {
      const auto other = shared_load(of_warps + w);
      return other.sum > W(0) ? double(other.sum * exp(other.max - max)) : 0.0;
    };
    for (int w = 0; w < warps; w++) total += weight_of(w);
    const uint64_t word = 2 * (a.first + static_cast<uint64_t>(r));
    uint32_t words[4];
    philox(words, word / 4, sequence);
    const uint32_t of_row[2] = {word & 2 ? words[2] : words[0], word & 2 ? words[3] : words[1]};
    double ahead = share_of(of_row) * total, mass = ahead;
    int chosen = 0;
    for (int w = 0; w < warps; w++) {
      const double weight = weight_of(w);
      if (!(weight > 0)) continue;
      chosen = w;
      mass = ahead;
      if (ahead < weight) break;
      ahead -= weight;
    }
    if (warp_index() != chosen) continue;
    const int64_t label = stretch.label_at(mass, max);
    if (lane_index() == 0) store(a.labels + r, static_cast<int32_t>(label < 0 ? a.vocab - 1 : label));
  }
}

/// One block.
GATUN_KERNEL(threads, 1) sample_categorical_count(int64_t* counted, const int32_t* labels, int64_t rows) {
  int64_t drawn = 0;
  over_block(labels, rows, [&](int64_t, int32_t label) { drawn += label >= 0; });
  drawn = block_sum(drawn, reinterpret_cast<int64_t*>(shared_memory()));
  if (thread_index() == 0) store(counted, load(counted) + drawn);
}

}  // namespace

void sample_categorical(gatun_stream& stream, int32_t* labels, int64_t* counted, const void* logits,
                        const int32_t* targets, const int64_t* key, int64_t first, int64_t rows, int64_t vocab,
                        int64_t stride, gatun_dtype dtype) {
  if (rows == 0) return;
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    const Rows<T> a{labels, (const T*)logits, targets, key, static_cast<uint64_t>(first), rows, vocab, stride};
    const auto grid = grid_for(stream, rows, 1, 4);
    constexpr int64_t shared_bytes = warps * sizeof(Seen<Wide<T>>);
    if (stride % Vector<T>::count == 0 && aligned(a.logits))
      GATUN_LAUNCH(stream, (sample_categorical_block_per_row<T, Vector>), grid, threads, shared_bytes, a);
    else
      GATUN_LAUNCH(stream, (sample_categorical_block_per_row<T, One>), grid, threads, shared_bytes, a);
  });
  if (counted)
    GATUN_LAUNCH(stream, sample_categorical_count, dim3(1), threads, warps * sizeof(int64_t), counted, labels, rows);
}

}  // namespace gatun
