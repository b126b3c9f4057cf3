// to[i] = or += f(the i-th elements of the sources, an element of b), where b stands still along some axes. The large
// arrays are `tables` of `repeats` rows of `row` elements; b has row / run elements a table, and each stands for `run`
// elements of every row. Bound by memory: each large array is met once.
//
// Where rows are short, threads stride by whole periods of the pattern, so that each meets the same elements of b all
// along and reads them once. Where runs are long, each piece looks up its own, once a tile for as long as it stays.
#pragma once
#include <algorithm>
#include <numeric>

#include "loops.cuh"

namespace gatun::loops {

struct Broadcast {
  int64_t tables, repeats, row, run;
  int64_t length() const { return repeats * row; }
  int64_t each() const { return row / run; }
};

/// `stride` pieces hold whole rows; `blocks` of the grid share a table. b is met in vectors where it runs along with
/// the rows.
struct Walk {
  int64_t stride, blocks, length, each;
  bool along;
};

template <class Piece, class T, int reads, class F>
GATUN_DEVICE void broadcast_table(T* to, const Sources<T, reads>& from, const T* b, int64_t table, int64_t row,
                                  int64_t run, const Walk& walk, bool fresh, const F& f) {
  constexpr int count = Piece::count, together = reads > 1 ? at_once / 2 : at_once;  // more would spill
  const int64_t mine = block_x() % walk.blocks * threads + thread_index();
  if (mine >= walk.stride) return;
  const T* const b_table = b + table * walk.each;
  Wide<T> own[count];
  int64_t position = split(mine * count, row).remainder;
  if (walk.along) {
    const auto piece = load(reinterpret_cast<const Piece*>(b_table + position));
    for (int k = 0; k < count; k++) own[k] = widened(piece.at[k]);
  } else {
    for (int k = 0; k < count; k++) {
      own[k] = widened(load(b_table + split(position, run).quotient));
      if (++position == row) position = 0;
    }
  }
  const int64_t base = table * walk.length, pieces = walk.length / count;
  for (int64_t p = mine; p < pieces; p += walk.stride * together) {
    Pieces<Piece, reads> found[together];
    Piece old[together];
    for (int u = 0; u < together; u++) {
      const int64_t at = p + u * walk.stride;
      if (at < pieces) {
        found[u] = load_pieces<Piece>(from, base + at * count);
        old[u] = load_unless<Piece>(fresh, to, base + at * count);
      }
    }
    for (int u = 0; u < together; u++) {
      const int64_t at = p + u * walk.stride;
      if (at >= pieces) continue;
      Piece piece;
      for (int k = 0; k < count; k++) piece.at[k] = put(fresh, old[u].at[k], applied(f, found[u], k, own[k]));
      store(reinterpret_cast<Piece*>(to + base + at * count), piece);
    }
  }
  // Fewer elements than a piece are left behind the last one.
  const int64_t last = pieces * count + mine;
  if (last >= walk.length) return;
  const auto rest = load_pieces<One<T>>(from, base + last);
  const auto old = load_unless<One<T>>(fresh, to, base + last);
  const Wide<T> value = widened(load(b_table + split(split(last, row).remainder, run).quotient));
  store(to + base + last, put(fresh, old.at[0], applied(f, rest, 0, value)));
}

template <class T, int reads, class F> GATUN_KERNEL(threads, 2)
broadcast_rows(T* to, Sources<T, reads> from, const T* b, int64_t tables, int64_t row, int64_t run, Walk walk,
               bool vectors, bool fresh, F f) {
  for (int64_t table = block_x() / walk.blocks; table < tables; table += blocks_x() / walk.blocks)
    if (vectors)
      broadcast_table<Vector<T>>(to, from, b, table, row, run, walk, fresh, f);
    else
      broadcast_table<One<T>>(to, from, b, table, row, run, walk, fresh, f);
}

template <class T, int reads, class F> GATUN_KERNEL(threads, 2)
broadcast_runs(T* to, Sources<T, reads> from, const T* b, Broadcast shape, bool vectors, bool fresh, F f) {
  const int64_t length = shape.repeats * shape.row, each = shape.row / shape.run;
  int64_t known = -1;
  Wide<T> value = 0;
  over_elements<T>(
      shape.tables * length, vectors,
      [&]<class Piece>(Piece, int64_t i) {
        struct Found {
          Pieces<Piece, reads> pieces;
          Piece old;
          Wide<T> b[Piece::count];
        };
        Found found{load_pieces<Piece>(from, i), load_unless<Piece>(fresh, to, i), {}};
        auto [table, inside] = split(i, length);
        auto [repeat, in_row] = split(inside, shape.row);
        auto [which, in_run] = split(in_row, shape.run);
        for (int k = 0; k < Piece::count; k++) {
          if (const int64_t wanted = table * each + which; wanted != known) {
            value = widened(load(b + wanted));
            known = wanted;
          }
          found.b[k] = value;
          if (k + 1 == Piece::count || ++in_run < shape.run) continue;
          in_run = 0;
          if (++which < each) continue;
          which = 0;
          if (++repeat < shape.repeats) continue;
          repeat = 0;
          table++;
        }
        return found;
      },
      [&]<class Piece>(Piece piece, int64_t i, const auto& found) {
        for (int k = 0; k < Piece::count; k++)
          piece.at[k] = put(fresh, found.old.at[k], applied(f, found.pieces, k, found.b[k]));
        store(reinterpret_cast<Piece*>(to + i), piece);
      });
}

template <class T, int reads, class F>
void broadcast(gatun_stream& stream, T* to, Sources<T, reads> from, const T* b, Broadcast shape, bool fresh, F f) {
  const int64_t length = shape.length(), n = shape.tables * length;
  if (n == 0) return;
  constexpr int in_vector = Vector<T>::count;
  const bool vectors = all_aligned(to, from) && (shape.tables == 1 || length % in_vector == 0);
  const int64_t count = vectors ? in_vector : 1, pieces = length / count;
  const int64_t period = shape.row / std::gcd(shape.row, count), most = stream.limits.processors * int64_t{8};
  const bool long_runs = shape.run >= 32 * at_once * count, few_pieces = pieces < 4 * period || pieces < threads / 2;
  if (long_runs || few_pieces || period > most * threads) {
    GATUN_LAUNCH(stream, (broadcast_runs<T, reads, F>), grid_over<T>(stream, n, vectors), threads, 0, to, from, b,
                 shape, vectors, fresh, f);
    return;
  }
  // As many pieces a thread as leave work for the whole device, so that reading b costs little beside them.
  constexpr int64_t few = 2 * at_once, many = 8 * at_once;
  const int64_t pieces_a_thread = std::clamp(shape.tables * pieces / (most * threads), few, many);
  const int64_t wanted = std::max(pieces / (threads * pieces_a_thread), quotient_up(period, threads));
  const int64_t blocks = std::min(wanted, most), together = std::min(shape.tables, std::max(most / blocks, int64_t{1}));
  const Walk walk{blocks * threads / period * period, blocks, length, shape.each(),
                  shape.run == 1 && shape.row % count == 0 && (count == 1 || aligned(b))};
  GATUN_LAUNCH(stream, (broadcast_rows<T, reads, F>), dim3(static_cast<unsigned>(blocks * together)), threads, 0, to,
               from, b, shape.tables, shape.row, shape.run, walk, vectors, fresh, f);
}

}  // namespace gatun::loops
