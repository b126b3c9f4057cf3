// c = finish(alpha * op(a) op(b)) [+ c] tile by tile: 2 * rows * cols * inner FLOPs. Tiles of both factors come along
// `inner` through a ring of stages in shared memory: while one is multiplied, the next ones are under way, and one
// barrier a tile is enough. What is to be done with a sum is done before it is stored, in 16-byte pieces.
//
// Where a product has too few tiles for the device and a long `inner`, that is split: each part's sums go to the
// stream's workspace and a second kernel adds them up in order and finishes them.
// Trap: nothing beyond a matrix's edge may reach a sum, not even times zero: NaN may lie there.
#pragma once
#include "gelu.cuh"
#include "products.h"
#include "tiles.cuh"

namespace gatun::products {

/// What becomes of sums, and where.
template <class T> struct Finish {
  using W = Wide<T>;
  void* c;
  const W *alpha, *bias;
  const T* slope;
  T* pre;
  int64_t ldc, rows, cols;
  bool gelu, accumulate, wide, vectors;

  /// Piece<R>::count sums at element `at` of c, in column `col`.
  template <class R, template <class> class Piece> GATUN_DEVICE void piece(int64_t at, int64_t col, W* sums) const {
    constexpr int count = Piece<R>::count;
    if (alpha) {
      const W factor = load(alpha);
      for (int i = 0; i < count; i++) sums[i] *= factor;
    }
    if (bias) {
      constexpr int together = Piece<W>::count < count ? Piece<W>::count : count;
      for (int i = 0; i < count; i += together) {
        const auto some = load(reinterpret_cast<const Piece<W>*>(bias + col + i));
        for (int e = 0; e < together; e++) sums[i + e] += some.at[e];
      }
    }
    if constexpr (std::is_same_v<R, T>) {
      if (slope) {
        const auto at_these = load_once(reinterpret_cast<const Piece<T>*>(slope + at));
        for (int i = 0; i < count; i++) sums[i] *= gelu_slope(widened(at_these.at[i]));
      }
      if (pre) {
        Piece<T> out;
        for (int i = 0; i < count; i++) out.at[i] = narrowed<T>(sums[i]);
        store(reinterpret_cast<Piece<T>*>(pre + at), out);
      }
    }
    if (gelu)
      for (int i = 0; i < count; i++) sums[i] = gatun::gelu(sums[i]);
    auto* const to = reinterpret_cast<Piece<R>*>(static_cast<R*>(c) + at);
    if (accumulate) {
      const auto before = load(to);
      for (int i = 0; i < count; i++) sums[i] += widened(before.at[i]);
    }
    Piece<R> out;
    for (int i = 0; i < count; i++) out.at[i] = narrowed<R>(sums[i]);
    store(to, out);
  }

  /// As many sums as 16 bytes of R hold, from (row, col) on; some of them may lie beyond c. `first`: element of c.
  template <class R> GATUN_DEVICE void run(int64_t first, int64_t row, int64_t col, W* sums) const {
    constexpr int count = Vector<R>::count;
    if (row >= rows || col >= cols) return;
    const int64_t at = first + row * ldc + col;
    if (vectors && col + count <= cols)
      piece<R, Vector>(at, col, sums);
    else
      for (int i = 0; i < count; i++)
        if (col + i < cols) piece<R, One>(at + i, col + i, sums + i);
  }
};

template <class T> struct Task {
  Stored<T> a, b;
  Finish<T> finish;
  Wide<T>* column_sums;
  int64_t inner, depth;  // of all, and of a part
  int64_t apart_c, parts_apart_c, parts_apart_sums;
  uint32_t tiles_down, tiles_across, parts;
  bool accumulate_sums;
};

/// Which tile of which part of which product a block has.
struct Place {
  uint32_t down, across, part, product;
};

/// Neighbours in the order of blocks share lines of both factors in the second-level cache: tiles go down `tall` rows
/// of tiles before they go on to the next column.
template <class T> GATUN_DEVICE Place place_of(const Task<T>& task, uint32_t block) {
  constexpr uint32_t tall = 8;
  const uint32_t tiles = task.tiles_down * task.tiles_across;
  const uint32_t tile = block % tiles, rest = block / tiles, in_band = tall * task.tiles_across;
  const uint32_t first = tile / in_band * tall, left = task.tiles_down - first, height = left < tall ? left : tall;
  return {first + tile % in_band % height, tile % in_band / height, rest % task.parts, rest / task.parts};
}

/// Of the tile's column that has the thread's index.
template <class T, class Tile> GATUN_DEVICE Wide<T> sum_of_column(const char* tile) {
  constexpr int in_flight = 8;
  Wide<T> sum = 0;
  GATUN_KEEP_LOOP
  for (int line = 0; line < Tile::lines; line += in_flight) {
    T elements[in_flight];
    GATUN_UNROLL
    for (int i = 0; i < in_flight; i++) elements[i] = Tile::element(tile, line + i, thread_index());
    GATUN_UNROLL
    for (int i = 0; i < in_flight; i++) sum += widened(elements[i]);
  }
  return sum;
}

template <class Tile, bool transpose_a, bool transpose_b> GATUN_KERNEL(Tile::threads, Tile::blocks)
product_of_tiles(Task<typename Tile::T> task) {
  using T = typename Tile::T;
  using TileA = typename Tile::template TileOfA<transpose_a>;
  using TileB = typename Tile::template TileOfB<transpose_b>;
  constexpr int stage_bytes = TileA::bytes + TileB::bytes;
  const auto place = place_of(task, static_cast<uint32_t>(block_x()));
  const int64_t row = int64_t{place.down} * Tile::rows, col = int64_t{place.across} * Tile::cols;
  const int64_t from = place.part * task.depth, left = task.inner - from;
  const int64_t count = ((left < task.depth ? left : task.depth) + Tile::inner - 1) / Tile::inner;
  Loader<TileA, T, Tile::threads, Tile::any_alignment> load_a(task.a, place.product, transpose_a ? from : row,
                                                              transpose_a ? row : from);
  Loader<TileB, T, Tile::threads, Tile::any_alignment> load_b(task.b, place.product, transpose_b ? col : from,
                                                              transpose_b ? from : col);
  char* const stages = shared_memory();
  const auto bring_next = [&](int stage) {
    load_a.bring(stages + stage * stage_bytes);
    load_b.bring(stages + stage * stage_bytes + TileA::bytes);
    if constexpr (transpose_a)
      load_a.move_down(Tile::inner);
    else
      load_a.move_along(Tile::inner);
    if constexpr (transpose_b)
      load_b.move_along(Tile::inner);
    else
      load_b.move_down(Tile::inner);
  };
  // The topmost tiles sum the columns of op(b), a thread one: registers for more there are none.
  const bool sums_column = task.column_sums && place.down == 0 && thread_index() < Tile::cols;
  Wide<T> column_sum = 0;

  Tile tile;
  tile.clear();
  for (int stage = 0; stage < Tile::stages - 1; stage++) {
    if (stage < count) bring_next(stage);
    copy_async_commit();
  }
  copy_async_wait<Tile::stages - 2>();
  block_barrier();
  const auto fetch = [&](int stage, int step, int slot) {
    const char* const at = stages + stage * stage_bytes;
    tile.template fetch<transpose_a, transpose_b>(at, at + TileA::bytes, step, slot);
  };
  if (count > 0) fetch(0, 0, 0);
  int read = 0, write = Tile::stages - 1;
  for (int64_t t = 0; t < count; t++) {
    if constexpr (transpose_a && !transpose_b)
      if (sums_column) column_sum += sum_of_column<T, TileB>(stages + read * stage_bytes + TileA::bytes);
    for (int round = 0; round < Tile::steps; round += Tile::slots) {
      GATUN_UNROLL
      for (int slot = 0; slot < Tile::slots; slot++) {
        const int step = round + slot;
        const auto fetch_next = [&] {
          if (step == Tile::steps - 1) {
            // The next tile has come, and nobody reads this one any more.
            copy_async_wait<Tile::stages - 2>();
            block_barrier();
            read = read == Tile::stages - 1 ? 0 : read + 1;
            if (t + 1 < count) fetch(read, 0, 0);
          } else {
            fetch(read, step + 1, (slot + 1) % Tile::slots);
          }
        };
        if constexpr (Tile::slots > 1) fetch_next();
        if (step == 0) {
          if (t + Tile::stages - 1 < count) bring_next(write);
          copy_async_commit();
          write = write == Tile::stages - 1 ? 0 : write + 1;
        }
        tile.multiply(slot);
        if constexpr (Tile::slots == 1) fetch_next();
      }
    }
  }

  const int64_t first = place.product * task.apart_c + place.part * task.parts_apart_c;
  const auto give = [&](auto* r) {
    using R = GATUN_ELEMENT(r);
    tile.template give<Vector<R>::count>(
        [&](int i, int j, Wide<T>* sums) { task.finish.template run<R>(first, row + i, col + j, sums); });
  };
  if (task.finish.wide)
    give(static_cast<Wide<T>*>(nullptr));
  else
    give(static_cast<T*>(nullptr));
  if (sums_column && col + thread_index() < task.finish.cols) {
    Wide<T>* const to = task.column_sums + place.part * task.parts_apart_sums + col + thread_index();
    store(to, task.accumulate_sums ? load(to) + column_sum : column_sum);
  }
}

// ---- Sums of parts -------------------------------------------------------------------------------------------------

/// What the parts left: `sums` (parts, rows, stride) and `column_sums` (parts, stride).
template <class T> struct Parts {
  const Wide<T>*sums, *column_sums;
  Wide<T>* column_sums_out;
  int64_t stride;
  int count;
  bool accumulate_sums;
};

constexpr int finishing_threads = 256;

template <class T, class R> GATUN_KERNEL(finishing_threads, 4) product_sum_of_parts(Parts<T> parts, Finish<T> finish) {
  using W = Wide<T>;
  constexpr int run = Vector<R>::count, in_chunk = Vector<W>::count;
  const int64_t across = (finish.cols + run - 1) / run, all = across * finish.rows;
  const int64_t first = block_x() * finishing_threads + thread_index(), step = blocks_x() * finishing_threads;
  for (int64_t i = first; i < all; i += step) {
    const int64_t row = i / across, col = i % across * run;
    W sums[run] = {};
    for (int part = 0; part < parts.count; part++) {
      const W* const from = parts.sums + (part * finish.rows + row) * parts.stride + col;
      for (int e = 0; e < run; e += in_chunk) {
        const auto chunk = load_once(reinterpret_cast<const Vector<W>*>(from + e));
        for (int w = 0; w < in_chunk; w++) sums[e + w] += chunk.at[w];
      }
    }
    finish.template run<R>(0, row, col, sums);
  }
  if (!parts.column_sums_out) return;
  for (int64_t col = first; col < finish.cols; col += step) {
    W sum = 0;
    for (int part = 0; part < parts.count; part++) sum += load(parts.column_sums + part * parts.stride + col);
    W* const to = parts.column_sums_out + col;
    store(to, parts.accumulate_sums ? load(to) + sum : sum);
  }
}

}  // namespace gatun::products
