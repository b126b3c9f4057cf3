// Rows of a table by their index: reading those that are named, and adding rows into those they came from.
//
// Adding, without atomics and in the order of the rows: many rows may name one table row, so each table row has one
// owner, a warp for every 512 bytes of it, that adds its rows one after the other. To find them, (index, row) is sorted
// as one number: chunks in shared memory, then eight runs at a time by counting, for each key, what lies below it in
// each run. No two keys are equal, so the order is that of the rows whatever the sort does. What the sort moves is
// small beside the rows as long as these are hundreds of bytes. Trap: the host has not seen the indices. A bad one
// reads row 0; its row is added nowhere: its key lies behind all others.
#pragma once
#include <utility>

#include "loops.cuh"
#include "pieces.cuh"
#include "status.h"

namespace gatun::rows_by_index {

using loops::at_once;
using loops::quotient_up;
using loops::split;
using loops::threads;

constexpr int warps = threads / 32;

// ---- Reading -------------------------------------------------------------------------------------------------------

template <class T> struct Lookup {
  T* y;
  const T *table, *positions;
  const int32_t *indices, *first;
  int64_t rows, cols, table_rows, context, table_positions;
  int lanes;         // of a warp that share a row: a power of two
  int64_t segments;  // of a row, at_once pieces a lane each
};

/// y[r] = table[indices[r]], and positions[first + r % context] where they are given, in which case they are added.
template <class T, template <class> class Piece, bool with_positions> GATUN_KERNEL(threads, 2)
rows_lookup(Lookup<T> a) {
  constexpr int count = Piece<T>::count;
  using P = Piece<T>;
  const int lane = lane_index() & (a.lanes - 1), leader = lane_index() - lane, together = 32 / a.lanes;
  const int64_t units = a.rows * a.segments, all = blocks_x() * warps * together;
  const int64_t first = with_positions && a.first ? load(a.first) : 0;
  for (int64_t first_unit = (block_x() * warps + warp_index()) * together; first_unit < units; first_unit += all) {
    const int64_t unit = first_unit + lane_index() / a.lanes;
    const auto [r, segment] = split(unit, a.segments);
    int32_t index = 0;
    if (lane == 0 && unit < units) index = load(a.indices + r);
    index = shuffle(index, leader);
    if (unit >= units) continue;
    const T* const row = a.table + (index >= 0 && index < a.table_rows ? index : 0) * a.cols;
    const T* position = nullptr;
    if constexpr (with_positions) {
      const int64_t wanted = first + split(r, a.context).remainder;
      position = a.positions + (wanted >= 0 && wanted < a.table_positions ? wanted : 0) * a.cols;
    }
    P pieces[at_once], others[at_once];
    for (int k = 0; k < at_once; k++) {
      const int64_t c = ((segment * at_once + k) * a.lanes + lane) * count;
      if (c >= a.cols) continue;
      pieces[k] = load(reinterpret_cast<const P*>(row + c));
      if constexpr (with_positions) others[k] = load(reinterpret_cast<const P*>(position + c));
    }
    for (int k = 0; k < at_once; k++) {
      const int64_t c = ((segment * at_once + k) * a.lanes + lane) * count;
      if (c >= a.cols) continue;
      if constexpr (with_positions)
        for (int i = 0; i < count; i++)
          pieces[k].at[i] = narrowed<T>(widened(pieces[k].at[i]) + widened(others[k].at[i]));
      store(reinterpret_cast<P*>(a.y + r * a.cols + c), pieces[k]);
    }
  }
}

template <bool with_positions, class T> void lookup(gatun_stream& stream, Lookup<T> a) {
  if (a.rows * a.cols == 0) return;
  const bool vectors = a.cols % Vector<T>::count == 0 && aligned(a.y, a.table, a.positions);
  const int64_t pieces = vectors ? a.cols / Vector<T>::count : a.cols;
  a.lanes = 1;
  while (a.lanes < 32 && a.lanes < pieces) a.lanes *= 2;
  a.segments = quotient_up(pieces, a.lanes * at_once);
  const auto grid = grid_for(stream, a.rows * a.segments, threads / a.lanes);
  if (vectors)
    GATUN_LAUNCH(stream, (rows_lookup<T, Vector, with_positions>), grid, threads, 0, a);
  else
    GATUN_LAUNCH(stream, (rows_lookup<T, One, with_positions>), grid, threads, 0, a);
}

// ---- Sorting -------------------------------------------------------------------------------------------------------

constexpr int sort_threads = 1024, chunk = 2 * sort_threads, ways = 8;
constexpr int64_t most_rows = int64_t{1} << 32, behind_all = INT64_MAX;

GATUN_DEVICE int64_t index_of(int64_t key) { return key >> 32; }
GATUN_DEVICE int64_t row_of(int64_t key) { return key & (most_rows - 1); }

/// A bitonic sort of each chunk of rows.
template <class Index> GATUN_KERNEL(sort_threads, 1)
rows_sort(int64_t* keys, const Index* indices, int64_t rows, int64_t table_rows) {
  int64_t* const shared = reinterpret_cast<int64_t*>(shared_memory());
  for (int64_t base = block_x() * chunk; base < rows; base += blocks_x() * chunk) {
    const int here = static_cast<int>(rows - base < chunk ? rows - base : chunk);
    int size = 1;
    while (size < here) size *= 2;
    for (int i = thread_index(); i < size; i += sort_threads) {
      int64_t key = behind_all;
      if (i < here) {
        const int64_t index = load(indices + base + i);
        key = (index >= 0 && index < table_rows ? index : table_rows) << 32 | (base + i);
      }
      shared_store(shared + i, key);
    }
    block_barrier();
    for (int span = 2; span <= size; span *= 2)
      for (int step = span / 2; step; step /= 2) {
        for (int i = thread_index(); i < size / 2; i += sort_threads) {
          const int low = 2 * i - (i & (step - 1)), high = low + step;
          const int64_t a = shared_load(shared + low), b = shared_load(shared + high);
          if ((a > b) != ((low & span) == 0)) continue;
          shared_store(shared + low, b);
          shared_store(shared + high, a);
        }
        block_barrier();
      }
    for (int i = thread_index(); i < here; i += sort_threads) store(keys + base + i, shared_load(shared + i));
    block_barrier();
  }
}

/// Merges sorted runs of `run` keys, a power of two, `ways` at a time. The searches of a key go in step, so that their
/// loads are under way together.
template <class Key> GATUN_KERNEL(threads, 2) rows_merge(Key* to, const Key* from, int64_t rows, int64_t run) {
  for (int64_t i = block_x() * threads + thread_index(); i < rows; i += blocks_x() * threads) {
    const Key key = load(from + i);
    const int64_t base = i & ~(run * ways - 1);
    int64_t below[ways] = {};
    for (int64_t step = run; step; step /= 2)
      for (int way = 0; way < ways; way++) {
        const int64_t last = below[way] + step - 1, at = base + way * run + last;
        if (last < run && at < rows && load(from + at) < key) below[way] += step;
      }
    int64_t place = base;
    for (int way = 0; way < ways; way++) place += below[way];
    store(to + place, key);
  }
}

/// starts[v] = how many keys name a table row before v, for v from 0 to table_rows: the key at p settles those behind
/// the row that the key before it names, up to its own.
template <class Start> GATUN_KERNEL(threads, 2)
rows_starts(Start* starts, const int64_t* keys, int64_t rows, int64_t table_rows) {
  for (int64_t base = (block_x() * warps + warp_index()) * 32; base <= rows; base += blocks_x() * threads) {
    const int64_t p = base + lane_index();
    const int64_t own = p < rows ? index_of(load(keys + p)) : table_rows;
    const int64_t before = p == 0 ? -1 : p <= rows ? index_of(load(keys + p - 1)) : table_rows;
    for (int lane = 0; lane < 32; lane++) {
      const int64_t from = shuffle(before, lane) + 1, to = shuffle(own, lane);
      for (int64_t v = from + lane_index(); v <= to; v += 32) store(starts + v, static_cast<Start>(base + lane));
    }
  }
}

// ---- Adding --------------------------------------------------------------------------------------------------------

/// Piece `first` + lane of a row of the table. A table holds what its sums are, or what they are narrowed to.
template <class P, class To> GATUN_DEVICE typename P::Values read_sums(const To* row, int64_t first, int64_t pieces) {
  if constexpr (sizeof(To) == sizeof(typename P::W))
    return P::read_wide_together(row, first, pieces);
  else
    return first + lane_index() < pieces ? P::read(row, first + lane_index()) : typename P::Values{};
}

template <class P, class To>
GATUN_DEVICE void write_sums(To* row, int64_t first, int64_t pieces, const typename P::Values& sums) {
  if constexpr (sizeof(To) == sizeof(typename P::W))
    P::write_wide_together(row, first, pieces, sums);
  else if (first + lane_index() < pieces)
    P::write(row, first + lane_index(), sums);
}

/// table[v] = or += the rows of dy between starts[v] and starts[v + 1] of the sorted keys.
template <class T, class To, template <class> class Piece> GATUN_KERNEL(threads, 2)
rows_add(To* table, const T* dy, const int64_t* keys, const uint32_t* starts, int64_t cols, int64_t table_rows,
         int64_t segments, bool fresh) {
  using P = gatun::Pieces<T, Piece>;
  constexpr int in_flight = 8;
  for (int64_t unit = block_x() * warps + warp_index(); unit < table_rows * segments; unit += blocks_x() * warps) {
    const auto [v, segment] = split(unit, segments);
    const uint32_t bound = lane_index() < 2 ? load(starts + v + lane_index()) : 0;
    const int64_t begin = shuffle(bound, 0), end = shuffle(bound, 1);
    if (!fresh && begin == end) continue;
    const int64_t pieces = cols / P::count, first_piece = segment * 32, p = first_piece + lane_index();
    const bool inside = p < pieces;
    typename P::Values sums{};
    if (!fresh) sums = read_sums<P>(table + v * cols, first_piece, pieces);
    for (int64_t first = begin; first < end; first += 32) {
      const int64_t mine = first + lane_index() < end ? row_of(load(keys + first + lane_index())) : 0;
      const int here = static_cast<int>(end - first < 32 ? end - first : 32);
      for (int j = 0; j < here; j += in_flight) {
        typename P::Stored found[in_flight];
        GATUN_UNROLL
        for (int u = 0; u < in_flight; u++) {
          const int64_t row = shuffle(mine, j + u);
          if (j + u < here && inside) found[u] = P::fetch(dy + row * cols, p);
        }
        GATUN_UNROLL
        for (int u = 0; u < in_flight; u++)
          if (j + u < here && inside)
            for (int k = 0; k < P::count; k++) sums.at[k] += widened(found[u].at[k]);
      }
    }
    write_sums<P>(table + v * cols, first_piece, pieces, sums);
  }
}

/// table[indices[r]] += dy[r] in the order of r; where `fresh`, all other rows of the table become zero.
template <class T, class To> void add(gatun_stream& stream, To* table, const T* dy, const int32_t* indices,
                                      int64_t rows, int64_t cols, int64_t table_rows, bool fresh) {
  if (table_rows * cols == 0 || (rows == 0 && !fresh)) return;
  require(rows < most_rows, "there are ", rows, " rows to add; at most ", most_rows - 1, " can be sorted");
  const int64_t keys_bytes = rows * sizeof(int64_t), starts_bytes = (table_rows + 1) * sizeof(uint32_t);
  char* const start = stream.workspace.at_least(2 * keys_bytes + starts_bytes);
  auto *keys = reinterpret_cast<int64_t*>(start), *other = keys + rows;
  auto* const starts = reinterpret_cast<uint32_t*>(other + rows);
  if (rows)
    GATUN_LAUNCH(stream, rows_sort<int32_t>, grid_for(stream, rows, chunk, 2), sort_threads, chunk * sizeof(int64_t),
                 keys, indices, rows, table_rows);
  for (int64_t run = chunk; run < rows; run *= ways, std::swap(keys, other))
    GATUN_LAUNCH(stream, rows_merge<int64_t>, grid_for(stream, rows, threads), threads, 0, other, keys, rows, run);
  GATUN_LAUNCH(stream, rows_starts<uint32_t>, grid_for(stream, rows + 1, threads), threads, 0, starts, keys, rows,
               table_rows);
  by_truth(cols % Vector<T>::count == 0 && aligned(table, dy), [&](auto vectors) {
    const int64_t segments = quotient_up(vectors ? cols / Vector<T>::count : cols, 32);
    const auto grid = grid_for(stream, table_rows * segments, warps);
    if constexpr (decltype(vectors)::value)
      GATUN_LAUNCH(stream, (rows_add<T, To, Vector>), grid, threads, 0, table, dy, keys, starts, cols, table_rows,
                   segments, fresh);
    else
      GATUN_LAUNCH(stream, (rows_add<T, To, One>), grid, threads, 0, table, dy, keys, starts, cols, table_rows,
                   segments, fresh);
  });
}

}  // namespace gatun::rows_by_index
