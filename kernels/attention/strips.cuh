// The products of attention. A warp owns some rows of one side, a strip, and meets the other side tile by tile: scores
// are a strip of sums, weights are scores that never leave their registers. Two arithmetics share every loop, mask and
// statistic: TensorCores for bf16, and Registers, whose lanes own the same elements, for fp32 and fp64.
#pragma once
#include "../matmul/tiles.cuh"

namespace gatun::attention {

using products::SharedTile;

/// 16 * down rows and 8 * across columns of sums, dealt to the lanes as mma.m16n8k16 deals them.
template <class W, int down_, int across_> struct Strip {
  static constexpr int down = down_, across = across_;
  W at[down][across][4];

  GATUN_DEVICE void clear() {
    each([&](int i, int j, int e) { at[i][j][e] = 0; });
  }
  /// Calls visit(i, j, e) for each element at[i][j][e] of the lane, those of a column together.
  template <class Visit> GATUN_DEVICE static void each(Visit visit) {
    GATUN_UNROLL
    for (int j = 0; j < across; j++) {
      GATUN_UNROLL
      for (int i = 0; i < down; i++) {
        GATUN_UNROLL
        for (int e = 0; e < 4; e++) visit(i, j, e);
      }
    }
  }
  GATUN_DEVICE static int row(int i, int e) { return i * 16 + e / 2 * 8 + lane_index() / 4; }
  GATUN_DEVICE static int column(int j, int e) { return j * 8 + lane_index() % 4 * 2 + e % 2; }
};

/// The four lanes that share a row.
template <class W> GATUN_DEVICE W row_sum(W value) {
  value += shuffle_xor(value, 1);
  return value + shuffle_xor(value, 2);
}

/// Where a lane points ldmatrix in a tile. The four matrices that come together are neighbours: two down, two along the
/// lines; `beside` says which of the lane's two bits goes along. The places of chunks that are two apart differ by an
/// exclusive or with a constant, so that one register serves all of a tile.
template <class Tile> class Pointer {
  int start_, turned_;  // bytes of shared memory

 public:
  GATUN_DEVICE Pointer(const char* tile, int first, int down, int beside) {
    static_assert(Tile::mask == 7 && Tile::period == 8);
    const int line = lane_index() % 8;
    start_ = static_cast<int>(tile - shared_memory()) + (first + down * 8 + line) * Tile::chunks * 16;
    turned_ = (beside ^ line) * 16;
  }
  /// An even chunk, and a multiple of 8 lines further down.
  GATUN_DEVICE const char* at(int lines, int chunk) const {
    return shared_memory() + start_ + lines * Tile::chunks * 16 + chunk / 8 * 128 + (chunk % 8 * 16 ^ turned_);
  }
};

GATUN_DEVICE int low_bit() { return lane_index() / 8 % 2; }
GATUN_DEVICE int high_bit() { return lane_index() / 16; }

struct TensorCores {
  using T = bf16;

  /// sums = rows lines^T, over `chunks` of their width: rows of a tile from `first` on, and a whole tile's lines.
  template <class Rows, class Tile, int down, int across>
  GATUN_DEVICE static void score(Strip<float, down, across>& sums, const char* rows, int first, const char* lines,
                                 int) {
    const Pointer<Rows> left(rows, first, low_bit(), high_bit());
    const Pointer<Tile> right(lines, 0, high_bit(), low_bit());
    sums.clear();
    GATUN_UNROLL
    for (int chunk = 0; chunk < Tile::chunks; chunk += 2) {
      uint32_t a[down][4], b[4];
      GATUN_UNROLL
      for (int i = 0; i < down; i++) load_matrices(a[i], left.at(i * 16, chunk));
      GATUN_UNROLL
      for (int j = 0; j < across; j += 2) {
        load_matrices(b, right.at(j * 8, chunk));
        GATUN_UNROLL
        for (int i = 0; i < down; i++) {
          multiply_fragments(sums.at[i][j], a[i], b);
          multiply_fragments(sums.at[i][j + 1], a[i], b + 2);
        }
      }
    }
  }

  /// The same, and tangents = trows lines^T + rows tlines^T, where the tiles of trows and tlines lie behind those of
  /// rows and lines: a fragment that was brought for one product serves another.
  template <class Rows, class Tile, int down, int across>
  GATUN_DEVICE static void score_with_tangent(Strip<float, down, across>& sums, Strip<float, down, across>& tangents,
                                              const char* rows, int first, const char* lines, int) {
    const Pointer<Rows> left(rows, first, low_bit(), high_bit());
    const Pointer<Tile> right(lines, 0, high_bit(), low_bit());
    sums.clear();
    tangents.clear();
    GATUN_UNROLL
    for (int chunk = 0; chunk < Tile::chunks; chunk += 2) {
      uint32_t a[down][4], ta[down][4], b[4], tb[4];
      GATUN_UNROLL
      for (int i = 0; i < down; i++) {
        load_matrices(a[i], left.at(i * 16, chunk));
        load_matrices(ta[i], left.at(i * 16, chunk) + Rows::bytes);
      }
      GATUN_UNROLL
      for (int j = 0; j < across; j += 2) {
        load_matrices(b, right.at(j * 8, chunk));
        load_matrices(tb, right.at(j * 8, chunk) + Tile::bytes);
        GATUN_UNROLL
        for (int i = 0; i < down; i++) {
          GATUN_UNROLL
          for (int side = 0; side < 2; side++) {
            multiply_fragments(sums.at[i][j + side], a[i], b + side * 2);
            multiply_fragments(tangents.at[i][j + side], ta[i], b + side * 2);
            multiply_fragments(tangents.at[i][j + side], a[i], tb + side * 2);
          }
        }
      }
    }
  }

  /// sums += weights lines.
  template <class Tile, int down, int width, int across>
  GATUN_DEVICE static void add_weighted(Strip<float, down, across>& sums, const Strip<float, down, width>& weights,
                                        const char* lines, int) {
    const Pointer<Tile> right(lines, 0, low_bit(), high_bit());
    GATUN_UNROLL
    for (int step = 0; step < width / 2; step++) {
      uint32_t a[down][4], b[4];
      GATUN_UNROLL
      for (int i = 0; i < down; i++) {
        GATUN_UNROLL
        for (int half = 0; half < 4; half++) {
          const float* const pair = weights.at[i][step * 2 + half / 2] + half % 2 * 2;
          a[i][half] = bf16_pair_of_floats(pair[0], pair[1]);
        }
      }
      GATUN_UNROLL
      for (int j = 0; j < across; j += 2) {
        load_matrices_transposed(b, right.at(step * 16, j));
        GATUN_UNROLL
        for (int i = 0; i < down; i++) {
          multiply_fragments(sums.at[i][j], a[i], b);
          multiply_fragments(sums.at[i][j + 1], a[i], b + 2);
        }
      }
    }
  }

  // Exponents are to the base of two: one fused operation and one instruction.
  static constexpr float log_of_base = 0.69314718f, base_of_log = 1.44269504f;
  GATUN_DEVICE static float power(float score, float factor, float subtracted) {
    return rough_exp2(fma(score, factor, -subtracted));
  }
};

template <class T_> struct Registers {
  using T = T_;

  template <class Rows, class Tile, int down, int across>
  GATUN_DEVICE static void score(Strip<T, down, across>& sums, const char* rows, int first, const char* lines,
                                 int chunks) {
    sums.clear();
    add_scores<Rows, Tile>(sums, rows, first, lines, chunks);
  }

  template <class Rows, class Tile, int down, int across>
  GATUN_DEVICE static void score_with_tangent(Strip<T, down, across>& sums, Strip<T, down, across>& tangents,
                                              const char* rows, int first, const char* lines, int chunks) {
    score<Rows, Tile>(sums, rows, first, lines, chunks);
    score<Rows, Tile>(tangents, rows + Rows::bytes, first, lines, chunks);
    add_scores<Rows, Tile>(tangents, rows, first, lines + Tile::bytes, chunks);
  }

  template <class Rows, class Tile, int down, int across>
  GATUN_DEVICE static void add_scores(Strip<T, down, across>& sums, const char* rows, int first, const char* lines,
                                      int chunks) {
    const auto at = [](const char* chunk) { return shared_load(reinterpret_cast<const Vector<T>*>(chunk)); };
    GATUN_KEEP_LOOP
    for (int chunk = 0; chunk < chunks; chunk++) {
      Vector<T> left[down][2];
      GATUN_UNROLL
      for (int i = 0; i < down; i++) {
        GATUN_UNROLL
        for (int half = 0; half < 2; half++)
          left[i][half] = at(Rows::at(rows, first + i * 16 + half * 8 + lane_index() / 4, chunk));
      }
      GATUN_UNROLL
      for (int j = 0; j < across; j++) {
        GATUN_UNROLL
        for (int side = 0; side < 2; side++) {
          const auto right = at(Tile::at(lines, j * 8 + lane_index() % 4 * 2 + side, chunk));
          GATUN_UNROLL
          for (int i = 0; i < down; i++) {
            GATUN_UNROLL
            for (int half = 0; half < 2; half++) {
              T& sum = sums.at[i][j][half * 2 + side];
              GATUN_UNROLL
              for (int k = 0; k < Vector<T>::count; k++) sum = fma(left[i][half].at[k], right.at[k], sum);
            }
          }
        }
      }
    }
  }

  template <class Tile, int down, int width, int across>
  GATUN_DEVICE static void add_weighted(Strip<T, down, across>& sums, const Strip<T, down, width>& weights,
                                        const char* lines, int chunks) {
    struct alignas(2 * sizeof(T)) Pair {
      T at[2];
    };
    GATUN_UNROLL
    for (int w = 0; w < width; w++) {
      GATUN_KEEP_LOOP
      for (int line = 0; line < 8; line++) {
        const int owner = lane_index() / 4 * 4 + line / 2;
        T weight[down][2];
        GATUN_UNROLL
        for (int i = 0; i < down; i++) {
          GATUN_UNROLL
          for (int half = 0; half < 2; half++) {
            const T* const pair = weights.at[i][w] + half * 2;
            weight[i][half] = shuffle(line % 2 ? pair[1] : pair[0], owner);
          }
        }
        GATUN_UNROLL
        for (int j = 0; j < across; j++) {
          const int column = j * 8 + lane_index() % 4 * 2;
          if (column / Tile::in_chunk >= chunks) continue;
          const char* const chunk = Tile::at(lines, w * 8 + line, column / Tile::in_chunk);
          const auto right =
              shared_load(reinterpret_cast<const Pair*>(reinterpret_cast<const T*>(chunk) + column % Tile::in_chunk));
          GATUN_UNROLL
          for (int i = 0; i < down; i++) {
            GATUN_UNROLL
            for (int e = 0; e < 4; e++) {
              T& sum = sums.at[i][j][e];
              sum = fma(weight[i][e / 2], right.at[e % 2], sum);
            }
          }
        }
      }
    }
  }

  // The highest score has the weight 1, to the last bit.
  static constexpr T log_of_base = 1, base_of_log = 1;
  GATUN_DEVICE static T power(T score, T factor, T subtracted) { return exp(product(score, factor) - subtracted); }
};

}  // namespace gatun::attention
