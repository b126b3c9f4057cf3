// Long sums on a device, of f of the elements of one or more arrays: along lines, or down the columns of tables. Bound
// by memory: one pass. A sum with too few results to keep the device busy is cut into parts, whose sums meet in a
// second launch. How the work is cut depends on the sizes alone, never on the device, so a sum has the same bits
// everywhere. F says what is summed, S in which type, Finish what becomes of a result: it takes its index and the sum.
#pragma once
#include <algorithm>

#include "loops.cuh"

namespace gatun::sums {

using loops::applied;
using loops::at_once;
using loops::load_pieces;
using loops::Pieces;
using loops::quotient_up;
using loops::Sources;
using loops::split;
using loops::threads;

struct Identity {
  template <class W> GATUN_DEVICE W operator()(W x) const { return x; }
};

/// The smallest power of two that is not below n, at most `most`.
inline int power_above(int64_t n, int most) {
  int power = 1;
  while (power < n && power < most) power *= 2;
  return power;
}

// ---- Lines ---------------------------------------------------------------------------------------------------------

/// Lines of `segments` stretches of `length` elements.
struct Lines {
  int64_t lines, line_stride, segments, segment_stride, length;
};

/// One lane's share of the pieces `from` to `to` of the line that begins at `base`.
template <class Piece, class S, class T, int reads, class F>
GATUN_DEVICE S lane_sum(const Sources<T, reads>& sources, const Lines& shape, int64_t base, int64_t from, int64_t to,
                        int lanes, const F& f) {
  constexpr int count = Piece::count, together = reads > 1 ? at_once / 2 : at_once;
  const int64_t pieces = shape.length / count;
  S sums[count] = {};
  for (int64_t p = from; p < to; p += lanes * together) {
    Pieces<Piece, reads> found[together];
    for (int u = 0; u < together; u++) {
      if (p + u * lanes >= to) continue;
      const auto [segment, inside] = split(p + u * lanes, pieces);
      found[u] = load_pieces<Piece>(sources, base + segment * shape.segment_stride + inside * count);
    }
    for (int u = 0; u < together; u++)
      if (p + u * lanes < to)
        for (int k = 0; k < count; k++) sums[k] += applied(f, found[u], k);
  }
  S sum = 0;
  for (int k = 0; k < count; k++) sum += sums[k];
  return sum;
}

/// `lanes` threads of a block share a part of a line: a power of two up to 32, or all of them.
template <class S, class T, int reads, class F, class Finish> GATUN_KERNEL(threads, 2)
sum_lines(Sources<T, reads> sources, Lines shape, int64_t parts, int lanes, bool vectors, S* partial, F f,
          Finish finish) {
  const int64_t units = shape.lines * parts, units_a_block = threads / lanes;
  const int64_t pieces = shape.segments * (vectors ? shape.length / Vector<T>::count : shape.length);
  const int lane = thread_index() & (lanes - 1);
  for (int64_t first = block_x() * units_a_block; first < units; first += blocks_x() * units_a_block) {
    const int64_t unit = first + thread_index() / lanes;
    S sum = 0;
    if (unit < units) {
      const auto [line, part] = split(unit, parts);
      const int64_t from = pieces * part / parts, to = pieces * (part + 1) / parts, base = line * shape.line_stride;
      sum = vectors ? lane_sum<Vector<T>, S>(sources, shape, base, from + lane, to, lanes, f)
                    : lane_sum<One<T>, S>(sources, shape, base, from + lane, to, lanes, f);
    }
    if (lanes == threads)
      sum = block_sum(sum, reinterpret_cast<S*>(shared_memory()));
    else
      for (int mask = lanes / 2; mask; mask /= 2) sum += shuffle_xor(sum, mask);
    if (lane || unit >= units) continue;
    if (parts > 1)
      store(partial + unit, sum);
    else
      finish(unit, sum);
  }
}

template <class S, class T, int reads, class F, class Finish>
void launch_lines(gatun_stream& stream, const Sources<T, reads>& sources, const Lines& shape, int64_t parts, S* partial,
                  F f, Finish finish) {
  constexpr int in_vector = Vector<T>::count;
  const bool whole = shape.length % in_vector == 0 && (shape.lines == 1 || shape.line_stride % in_vector == 0) &&
                     (shape.segments == 1 || shape.segment_stride % in_vector == 0);
  const bool vectors = whole && loops::all_aligned<T>(nullptr, sources);
  const int64_t pieces = quotient_up(shape.segments * (vectors ? shape.length / in_vector : shape.length), parts);
  constexpr int64_t enough_for_a_block = threads * at_once;
  const int lanes = pieces >= enough_for_a_block ? threads : power_above(pieces, 32);
  GATUN_LAUNCH(stream, (sum_lines<S, T, reads, F, Finish>), grid_for(stream, shape.lines * parts, threads / lanes),
               threads, threads / 32 * sizeof(S), sources, shape, parts, lanes, vectors, partial, f, finish);
}

/// Calls finish(line, the sum of f along the line).
template <class S, class T, int reads, class F, class Finish>
void lines(gatun_stream& stream, Sources<T, reads> sources, Lines shape, F f, Finish finish) {
  if (shape.lines == 0) return;
  constexpr int64_t part = 16384, most_parts = 1024, many_lines = 512;
  const int64_t length = shape.segments * shape.length;
  const int64_t parts = shape.lines >= many_lines ? 1 : std::clamp<int64_t>(length / part, 1, most_parts);
  if (parts == 1) return launch_lines(stream, sources, shape, 1, static_cast<S*>(nullptr), f, finish);
  S* const partial = reinterpret_cast<S*>(stream.workspace.at_least(shape.lines * parts * sizeof(S)));
  launch_lines(stream, sources, shape, parts, partial, f, finish);
  launch_lines(stream, Sources<S, 1>{{partial}}, {shape.lines, parts, 1, 0, parts}, 1, static_cast<S*>(nullptr),
               Identity{}, finish);
}

// ---- Columns -------------------------------------------------------------------------------------------------------

struct Columns {
  int64_t tables, rows, cols;
};

/// Shared memory holds the k-th sums of all threads together, and shifts each k by so much that sums of neighbouring
/// columns lie in different banks.
template <class Piece, class S> constexpr int plane = threads + 128 / sizeof(S) / Piece::count;

template <class Piece, class S, class T, int reads, class F, class Finish>
GATUN_DEVICE void column_sums(const Sources<T, reads>& sources, const Columns& shape, int64_t table, int64_t part,
                              int64_t parts, int64_t first, int lanes, S* partial, const F& f, const Finish& finish) {
  constexpr int count = Piece::count, together = reads > 1 ? at_once / 2 : at_once;
  S* const shared = reinterpret_cast<S*>(shared_memory());
  const int lane = thread_index() & (lanes - 1), height = threads / lanes;
  const int64_t column = first + lane * count, base = table * shape.rows * shape.cols + column;
  const int64_t last = shape.rows * (part + 1) / parts;
  S sums[count] = {};
  for (int64_t r = shape.rows * part / parts + thread_index() / lanes; r < last; r += height * together) {
    if (column >= shape.cols) break;
    Pieces<Piece, reads> found[together];
    for (int u = 0; u < together; u++)
      if (r + u * height < last) found[u] = load_pieces<Piece>(sources, base + (r + u * height) * shape.cols);
    for (int u = 0; u < together; u++)
      if (r + u * height < last)
        for (int k = 0; k < count; k++) sums[k] += applied(f, found[u], k);
  }
  for (int k = 0; k < count; k++) shared_store(shared + k * plane<Piece, S> + thread_index(), sums[k]);
  block_barrier();
  for (int c = thread_index(); c < lanes * count && first + c < shape.cols; c += threads) {
    const S* const of_column = shared + c % count * plane<Piece, S> + c / count;
    S sum = 0;
    for (int y = 0; y < height; y++) sum += shared_load(of_column + y * lanes);
    const int64_t result = table * shape.cols + first + c;
    if (parts > 1)
      store(partial + part * shape.tables * shape.cols + result, sum);
    else
      finish(result, sum);
  }
  block_barrier();
}

/// `lanes` pieces of a row lie side by side in a block; its other threads take the rows below.
template <class S, class T, int reads, class F, class Finish> GATUN_KERNEL(threads, 2)
sum_columns(Sources<T, reads> sources, Columns shape, int64_t parts, int lanes, bool vectors, S* partial, F f,
            Finish finish) {
  const int64_t width = int64_t{lanes} * (vectors ? Vector<T>::count : 1), blocks = (shape.cols + width - 1) / width;
  for (int64_t unit = block_x(); unit < shape.tables * parts * blocks; unit += blocks_x()) {
    const auto [above, block] = split(unit, blocks);
    const auto [table, part] = split(above, parts);
    if (vectors)
      column_sums<Vector<T>, S>(sources, shape, table, part, parts, block * width, lanes, partial, f, finish);
    else
      column_sums<One<T>, S>(sources, shape, table, part, parts, block * width, lanes, partial, f, finish);
  }
}

template <class S, class T, int reads, class F, class Finish>
void launch_columns(gatun_stream& stream, const Sources<T, reads>& sources, const Columns& shape, int64_t parts,
                    S* partial, F f, Finish finish) {
  constexpr int in_vector = Vector<T>::count;
  const bool vectors = shape.cols % in_vector == 0 && loops::all_aligned<T>(nullptr, sources);
  const int64_t count = vectors ? in_vector : 1, across = quotient_up(shape.cols, count);
  const int lanes = power_above(across, shape.rows < 32 ? threads : 32);
  const int64_t units = shape.tables * parts * quotient_up(across, lanes);
  const int64_t shared = vectors ? in_vector * plane<Vector<T>, S> : plane<One<T>, S>;
  GATUN_LAUNCH(stream, (sum_columns<S, T, reads, F, Finish>), grid_for(stream, units, 1), threads, shared * sizeof(S),
               sources, shape, parts, lanes, vectors, partial, f, finish);
}

/// Calls finish(table * cols + c, the sum of f down column c).
template <class S, class T, int reads, class F, class Finish>
void columns(gatun_stream& stream, Sources<T, reads> sources, Columns shape, F f, Finish finish) {
  if (shape.tables * shape.cols == 0) return;
  constexpr int64_t part = 128, most_parts = 256, block_bytes = 512, many_blocks = 512;
  const bool busy = shape.tables * quotient_up(shape.cols * sizeof(T), block_bytes) >= many_blocks;
  const int64_t parts = busy ? 1 : std::clamp<int64_t>(shape.rows / part, 1, most_parts);
  if (parts == 1) return launch_columns(stream, sources, shape, 1, static_cast<S*>(nullptr), f, finish);
  const int64_t results = shape.tables * shape.cols;
  S* const partial = reinterpret_cast<S*>(stream.workspace.at_least(results * parts * sizeof(S)));
  launch_columns(stream, sources, shape, parts, partial, f, finish);
  launch_columns(stream, Sources<S, 1>{{partial}}, {1, parts, results}, 1, static_cast<S*>(nullptr), Identity{},
                 finish);
}

}  // namespace gatun::sums
