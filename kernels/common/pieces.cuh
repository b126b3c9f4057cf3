// Rows met in pieces of 16 bytes, or of one element where they are ragged, and copies of them in shared memory.
//
// Piece p of a row belongs to the same thread in every pass over it, so a copy needs no barrier. In shared memory a row
// lies as Wide, cut into planes of 16-byte chunks: chunk h of neighbouring pieces are neighbours, and no two lanes meet
// in a bank.
#pragma once
#include "device.cuh"

namespace gatun {

template <class T, template <class> class Piece> struct Pieces {
  static constexpr int count = Piece<T>::count;
  using W = Wide<T>;

  struct Values {
    W at[count];
  };

  using Stored = Piece<T>;

  GATUN_DEVICE static Stored fetch(const T* row, int64_t p, Here at = Here::current()) {
    return load_once(reinterpret_cast<const Stored*>(row) + p, at);
  }

  GATUN_DEVICE static Values values_of(const Stored& piece) {
    Values values;
    for (int i = 0; i < count; i++) values.at[i] = widened(piece.at[i]);
    return values;
  }

  GATUN_DEVICE static Values read(const T* row, int64_t p, Here at = Here::current()) {
    return values_of(fetch(row, p, at));
  }

  GATUN_DEVICE static Stored stored(const Values& values) {
    Stored piece;
    for (int i = 0; i < count; i++) piece.at[i] = narrowed<T>(values.at[i]);
    return piece;
  }

  GATUN_DEVICE static void write(T* row, int64_t p, const Values& values, Here at = Here::current()) {
    store(reinterpret_cast<Stored*>(row) + p, stored(values), at);
  }

  static constexpr int in_chunk = count == 1 ? 1 : 16 / sizeof(W);
  struct alignas(in_chunk * sizeof(W)) Chunk {
    W at[in_chunk];
  };

  /// Of a row of Wide in global memory, such as weights; it must be aligned as rows of T are.
  GATUN_DEVICE static Values read_wide(const W* row, int64_t p) {
    Values values;
    for (int h = 0; h < count / in_chunk; h++) {
      const auto chunk = load(reinterpret_cast<const Chunk*>(row + p * count) + h);
      for (int i = 0; i < in_chunk; i++) values.at[h * in_chunk + i] = chunk.at[i];
    }
    return values;
  }

  // With two chunks a piece, each access would leave half of its sectors to the next. A whole warp, whose lane l has
  // piece `first` + l of a row of `pieces`, does better: neighbours take a chunk each of the one's piece, then of the
  // other's.

  GATUN_DEVICE static Values read_wide_together(const W* row, int64_t first, int64_t pieces) {
    Values values{};
    const int odd = lane_index() & 1;
    if constexpr (count == in_chunk) {
      if (first + lane_index() < pieces) values = read_wide(row, first + lane_index());
    } else {
      Chunk of[2] = {};
      for (int h = 0; h < 2; h++) {
        const int64_t p = first + lane_index() - odd + h;
        if (p < pieces) of[h] = load(reinterpret_cast<const Chunk*>(row) + 2 * p + odd);
      }
      for (int i = 0; i < in_chunk; i++) {
        const W own = odd ? of[1].at[i] : of[0].at[i], given = shuffle_xor(odd ? of[0].at[i] : of[1].at[i], 1);
        values.at[i] = odd ? given : own;
        values.at[in_chunk + i] = odd ? own : given;
      }
    }
    return values;
  }

  GATUN_DEVICE static void write_wide_together(W* row, int64_t first, int64_t pieces, const Values& values) {
    const int odd = lane_index() & 1;
    Chunk own, given;
    if constexpr (count == in_chunk) {
      for (int i = 0; i < in_chunk; i++) own.at[i] = values.at[i];
      if (first + lane_index() < pieces) store(reinterpret_cast<Chunk*>(row) + first + lane_index(), own);
    } else {
      for (int i = 0; i < in_chunk; i++) {
        const W low = values.at[i], high = values.at[in_chunk + i];
        own.at[i] = odd ? high : low;
        given.at[i] = shuffle_xor(odd ? low : high, 1);
      }
      for (int h = 0; h < 2; h++) {
        const int64_t p = first + lane_index() - odd + h;
        if (p < pieces) store(reinterpret_cast<Chunk*>(row) + 2 * p + odd, h == odd ? own : given);
      }
    }
  }

  // ---- Shared memory ------------------------------------------------------------------------------------------------

  GATUN_DEVICE static Values keep(W* row, int64_t pieces, int64_t p, const Values& values, Here at = Here::current()) {
    for (int h = 0; h < count / in_chunk; h++) {
      Chunk chunk;
      for (int i = 0; i < in_chunk; i++) chunk.at[i] = values.at[h * in_chunk + i];
      shared_store(reinterpret_cast<Chunk*>(row) + h * pieces + p, chunk, at);
    }
    return values;
  }

  GATUN_DEVICE static Values kept(const W* row, int64_t pieces, int64_t p, Here at = Here::current()) {
    Values values;
    for (int h = 0; h < count / in_chunk; h++) {
      const auto chunk = shared_load(reinterpret_cast<const Chunk*>(row) + h * pieces + p, at);
      for (int i = 0; i < in_chunk; i++) values.at[h * in_chunk + i] = chunk.at[i];
    }
    return values;
  }
};

/// visit(p, the values of piece p of each row) for p from `first` to `last` in steps: the loads of `together` pieces
/// are under way together. A row that is null has zeros.
template <class P, int together, class T, int rows, class Visit>
GATUN_DEVICE void over_pieces_of(const T* const (&from)[rows], int64_t first, int64_t last, int64_t step, Visit visit,
                                 Here at = Here::current()) {
  for (int64_t p = first; p < last; p += step * together) {
    typename P::Stored found[together][rows] = {};
    GATUN_UNROLL
    for (int u = 0; u < together; u++) {
      GATUN_UNROLL
      for (int r = 0; r < rows; r++)
        if (p + u * step < last && from[r]) found[u][r] = P::fetch(from[r], p + u * step, at);
    }
    GATUN_UNROLL
    for (int u = 0; u < together; u++) {
      if (p + u * step >= last) continue;
      typename P::Values values[rows];
      GATUN_UNROLL
      for (int r = 0; r < rows; r++) values[r] = P::values_of(found[u][r]);
      visit(p + u * step, values);
    }
  }
}

}  // namespace gatun
