// Tiles of a matrix product: how they come to shared memory, and how a block multiplies two of them. Three policies
// share every loop and mask: TensorTile for bf16, and RegisterTile for fp32 and fp64.
//
// A tile lies in shared memory as it lies in its matrix: lines of chunks of 16 bytes, brought by cp.async, zeros beyond
// the matrix's edge. The chunks of a line change places, by the exclusive or of their index with bits of the line's, so
// that the eight lanes which are served together meet eight different groups of banks, be they down a column of chunks
// or along a line.
#pragma once
#include "device.cuh"

namespace gatun::products {

/// `shift`: the bits of the line's index, from this one on, are those that its readers differ in.
template <class T, int lines_, int width, int shift> struct SharedTile {
  static constexpr int lines = lines_, in_chunk = 16 / sizeof(T), chunks = width / in_chunk;
  static constexpr int bytes = lines * width * static_cast<int>(sizeof(T));
  static constexpr int mask = (chunks < 8 ? chunks : 8) - 1;
  /// Lines this far apart have their chunks in the same places.
  static constexpr int period = (mask + 1) << shift;

  GATUN_DEVICE static int place(int line, int chunk) { return line * chunks + (chunk ^ ((line >> shift) & mask)); }
  GATUN_DEVICE static const char* at(const char* tile, int line, int chunk) { return tile + place(line, chunk) * 16; }
  GATUN_DEVICE static T element(const char* tile, int line, int column) {
    return shared_load(reinterpret_cast<const T*>(at(tile, line, column / in_chunk)) + column % in_chunk);
  }
};

/// A factor as it is stored: `lines` of `width` elements, `stride` apart. `vectors`: 16-byte accesses are allowed.
template <class T> struct Stored {
  const T* start;
  int64_t stride, lines, width, apart;
  bool vectors;
};

/// A thread's share of bringing tiles of a factor, one after the other, to shared memory.
template <class Tile, class T, int threads, bool any_alignment> class Loader {
  static constexpr int step = threads / Tile::chunks, rounds = Tile::lines / step;
  static_assert(Tile::lines % step == 0 && step % Tile::period == 0);

  const T* from_;
  int64_t stride_, lines_left_, width_left_;
  int place_;
  bool vectors_;

 public:
  GATUN_DEVICE Loader(const Stored<T>& m, int64_t product, int64_t first_line, int64_t first_column) {
    const int line = thread_index() / Tile::chunks, chunk = thread_index() % Tile::chunks;
    const int64_t row = first_line + line, column = first_column + chunk * Tile::in_chunk;
    from_ = m.start + product * m.apart + row * m.stride + column;
    stride_ = m.stride;
    lines_left_ = m.lines - row;
    width_left_ = m.width - column;
    place_ = Tile::place(line, chunk);
    vectors_ = m.vectors;
  }

  GATUN_DEVICE void bring(char* tile) const {
    const int inside = static_cast<int>(width_left_ < 0                ? 0
                                        : width_left_ < Tile::in_chunk ? width_left_
                                                                       : Tile::in_chunk);
    GATUN_UNROLL
    for (int i = 0; i < rounds; i++) {
      const int wanted = i * step < lines_left_ ? inside : 0;
      const T* const from = from_ + i * step * stride_;
      auto* const to = reinterpret_cast<Vector<T>*>(tile) + place_ + i * step * Tile::chunks;
      if (!any_alignment || vectors_) {
        copy_async(to, from, wanted * static_cast<int>(sizeof(T)));
      } else {
        Vector<T> chunk;
        GATUN_UNROLL
        for (int e = 0; e < Tile::in_chunk; e++) chunk.at[e] = e < wanted ? load(from + e) : narrowed<T>(0);
        shared_store(to, chunk);
      }
    }
  }

  GATUN_DEVICE void move_along(int columns) {
    from_ += columns;
    width_left_ -= columns;
  }
  GATUN_DEVICE void move_down(int lines) {
    from_ += lines * stride_;
    lines_left_ -= lines;
  }
};

// ---- Tensor cores --------------------------------------------------------------------------------------------------

/// `run` numbers of a line that lanes read side by side: one 16 bytes of it or, in floats, two. Odd halves of eight
/// lanes then read their second 16 bytes first, so that no two of them meet in a bank.
template <int run, class W> GATUN_DEVICE void read_run(W* values, const W* from) {
  constexpr int in_chunk = Vector<W>::count;
  const auto* const chunks = reinterpret_cast<const Vector<W>*>(from);
  if constexpr (run == 2 * in_chunk) {
    const bool swapped = lane_index() & 4;
    const auto first = shared_load(chunks + swapped), second = shared_load(chunks + !swapped);
    GATUN_UNROLL
    for (int e = 0; e < in_chunk; e++) {
      values[e] = swapped ? second.at[e] : first.at[e];
      values[e + in_chunk] = swapped ? first.at[e] : second.at[e];
    }
  } else {
    const auto chunk = shared_load(chunks);
    GATUN_UNROLL
    for (int e = 0; e < run; e++) values[e] = chunk.at[e];
  }
}

/// Each warp multiplies a part of the tile by mma.m16n8k16, from fragments that ldmatrix takes out of shared memory,
/// transposed where the factor's lines run along `inner`'s other side. 64 x 64 a warp is what pays: 8 ldmatrix for 32
/// mma.
template <int rows_, int cols_, int warps_down, int warps_across, int stages_, int blocks_, bool any_alignment_>
struct TensorTile {
  using T = bf16;
  static constexpr int rows = rows_, cols = cols_, inner = 32, stages = stages_, blocks = blocks_;
  static constexpr int threads = warps_down * warps_across * 32;
  static constexpr bool any_alignment = any_alignment_;
  static constexpr int steps = inner / 16, slots = 2;
  static_assert(steps % slots == 0);
  static constexpr int warp_rows = rows / warps_down, warp_cols = cols / warps_across;
  static constexpr int down = warp_rows / 16, across = warp_cols / 8;

  template <bool transposed> using TileOfA =
      std::conditional_t<transposed, SharedTile<bf16, inner, rows, 0>, SharedTile<bf16, rows, inner, 1>>;
  template <bool transposed> using TileOfB =
      std::conditional_t<transposed, SharedTile<bf16, cols, inner, 1>, SharedTile<bf16, inner, cols, 0>>;

  float sums[down][across][4];
  uint32_t a[slots][down][4], b[slots][across / 2][4];  // one slot is multiplied while the other fills

  GATUN_DEVICE static int first_row() { return warp_index() / warps_across * warp_rows; }
  GATUN_DEVICE static int first_col() { return warp_index() % warps_across * warp_cols; }

  GATUN_DEVICE void clear() {
    GATUN_UNROLL
    for (int i = 0; i < down; i++) {
      GATUN_UNROLL
      for (int j = 0; j < across; j++) {
        GATUN_UNROLL
        for (int e = 0; e < 4; e++) sums[i][j][e] = 0;
      }
    }
  }

  /// The fragments of 16 steps along `inner`.
  template <bool transpose_a, bool transpose_b>
  GATUN_DEVICE void fetch(const char* tile_a, const char* tile_b, int step, int slot) {
    const int matrix = lane_index() / 8, line = lane_index() % 8, low = matrix % 2, high = matrix / 2;
    GATUN_UNROLL
    for (int i = 0; i < down; i++) {
      const int row = first_row() + i * 16;
      if constexpr (transpose_a)
        load_matrices_transposed(a[slot][i], TileOfA<true>::at(tile_a, step * 16 + high * 8 + line, row / 8 + low));
      else
        load_matrices(a[slot][i], TileOfA<false>::at(tile_a, row + low * 8 + line, step * 2 + high));
    }
    GATUN_UNROLL
    for (int j = 0; j < across / 2; j++) {
      const int col = first_col() + j * 16;
      if constexpr (transpose_b)
        load_matrices(b[slot][j], TileOfB<true>::at(tile_b, col + high * 8 + line, step * 2 + low));
      else
        load_matrices_transposed(b[slot][j], TileOfB<false>::at(tile_b, step * 16 + low * 8 + line, col / 8 + high));
    }
  }

  GATUN_DEVICE void multiply(int slot) {
    GATUN_UNROLL
    for (int i = 0; i < down; i++) {
      GATUN_UNROLL
      for (int j = 0; j < across; j++) multiply_fragments(sums[i][j], a[slot][i], b[slot][j / 2] + j % 2 * 2);
    }
  }

  /// take(row and column in the tile, `run` sums), through shared memory, 16 rows of each warp at a time. Lines are so
  /// far apart that writing meets no conflict. The rounds stay a loop, which keeps `take` from being compiled into
  /// each.
  template <int run, class Take> GATUN_DEVICE void give(Take take) {
    constexpr int stride = warp_cols + 8;
    struct Pair {
      alignas(8) float at[2];
    };
    float* const room = reinterpret_cast<float*>(shared_memory()) + warp_index() * 16 * stride;
    for (int round = 0; round < down; round++) {
      GATUN_UNROLL
      for (int i = 0; i < down; i++) {
        if (i != round) continue;
        GATUN_UNROLL
        for (int j = 0; j < across; j++) {
          GATUN_UNROLL
          for (int half = 0; half < 2; half++)
            shared_store(
                reinterpret_cast<Pair*>(room + (half * 8 + lane_index() / 4) * stride + j * 8 + lane_index() % 4 * 2),
                Pair{sums[i][j][half * 2], sums[i][j][half * 2 + 1]});
        }
      }
      warp_barrier();
      for (int at = lane_index(); at < 16 * (warp_cols / run); at += 32) {
        const int row = at / (warp_cols / run), col = at % (warp_cols / run) * run;
        float values[run];
        read_run<run>(values, room + row * stride + col);
        take(first_row() + round * 16 + row, first_col() + col, values);
      }
      warp_barrier();
    }
  }
  static_assert(warps_down * warps_across * 16 * (warp_cols + 8) * 4 <= stages * (rows + cols) * inner * 2);
};

// ---- Without tensor cores ------------------------------------------------------------------------------------------

/// 16 x 16 threads; each holds sums of 4 x 4 elements, once a 64 x 64 of the tile.
template <class T_, int size, int stages_, bool any_alignment_> struct RegisterTile {
  using T = T_;
  static constexpr int rows = size, cols = size, inner = 128 / sizeof(T), stages = stages_, blocks = 1;
  static constexpr int threads = 256;
  static constexpr bool any_alignment = any_alignment_;
  static constexpr int in_chunk = 16 / sizeof(T), steps = inner / in_chunk, slots = 1, mine = size / 16;

  // Readers of lines along `inner` are four lines apart.
  template <bool transposed> using TileOfA =
      std::conditional_t<transposed, SharedTile<T, inner, size, 0>, SharedTile<T, size, inner, 2>>;
  template <bool transposed> using TileOfB = TileOfA<!transposed>;

  T sums[mine][mine];
  T a[slots][mine][in_chunk], b[slots][mine][in_chunk];

  GATUN_DEVICE static int down() { return thread_index() / 16; }
  GATUN_DEVICE static int across() { return thread_index() % 16; }
  /// Where the i-th row of a thread is in the tile, or its i-th column.
  GATUN_DEVICE static int element(int thread, int i) { return i / 4 * 64 + thread * 4 + i % 4; }

  GATUN_DEVICE void clear() {
    GATUN_UNROLL
    for (int i = 0; i < mine; i++) {
      GATUN_UNROLL
      for (int j = 0; j < mine; j++) sums[i][j] = 0;
    }
  }

  template <bool transpose_a, bool transpose_b>
  GATUN_DEVICE void fetch(const char* tile_a, const char* tile_b, int step, int slot) {
    fetch_factor<TileOfA<transpose_a>, transpose_a>(a[slot], tile_a, down(), step);
    fetch_factor<TileOfB<transpose_b>, !transpose_b>(b[slot], tile_b, across(), step);
  }

  template <class Tile, bool lines_along_inner>
  GATUN_DEVICE static void fetch_factor(T (&out)[mine][in_chunk], const char* tile, int thread, int step) {
    const auto chunk_at = [&](int line, int chunk) {
      return shared_load(reinterpret_cast<const Vector<T>*>(Tile::at(tile, line, chunk)));
    };
    if constexpr (lines_along_inner) {
      GATUN_UNROLL
      for (int k = 0; k < in_chunk; k++) {
        GATUN_UNROLL
        for (int i = 0; i < mine; i += in_chunk) {
          const auto chunk = chunk_at(step * in_chunk + k, element(thread, i) / in_chunk);
          GATUN_UNROLL
          for (int e = 0; e < in_chunk; e++) out[i + e][k] = chunk.at[e];
        }
      }
    } else {
      GATUN_UNROLL
      for (int i = 0; i < mine; i++) {
        const auto chunk = chunk_at(element(thread, i), step);
        GATUN_UNROLL
        for (int k = 0; k < in_chunk; k++) out[i][k] = chunk.at[k];
      }
    }
  }

  GATUN_DEVICE void multiply(int slot) {
    GATUN_UNROLL
    for (int k = 0; k < in_chunk; k++) {
      GATUN_UNROLL
      for (int i = 0; i < mine; i++) {
        GATUN_UNROLL
        for (int j = 0; j < mine; j++) sums[i][j] = fma(a[slot][i][k], b[slot][j][k], sums[i][j]);
      }
    }
  }

  /// take(row and column in the tile, `run` sums), in a loop: see TensorTile.
  template <int run, class Take> GATUN_DEVICE void give(Take take) {
    constexpr int across_runs = mine / run;
    for (int round = 0; round < mine * across_runs; round++) {
      T values[run] = {};
      GATUN_UNROLL
      for (int at = 0; at < mine * mine; at++)
        if (at / run == round) values[at % run] = sums[at / mine][at % mine];
      take(element(down(), round / across_runs), element(across(), round % across_runs * run), values);
    }
  }
};

}  // namespace gatun::products
