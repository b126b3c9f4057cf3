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

  GATUN_DEVICE static Values read(const T* row, int64_t p) {
    const auto piece = load_once(reinterpret_cast<const Piece<T>*>(row) + p);
    Values values;
    for (int i = 0; i < count; i++) values.at[i] = widened(piece.at[i]);
    return values;
  }

  GATUN_DEVICE static void write(T* row, int64_t p, const Values& values) {
    Piece<T> piece;
    for (int i = 0; i < count; i++) piece.at[i] = narrowed<T>(values.at[i]);
    store(reinterpret_cast<Piece<T>*>(row) + p, piece);
  }

  /// What narrowing to T leaves.
  GATUN_DEVICE static Values rounded(Values values) {
    for (int i = 0; i < count; i++) values.at[i] = widened(narrowed<T>(values.at[i]));
    return values;
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

  GATUN_DEVICE static void write_wide(W* row, int64_t p, const Values& values) {
    for (int h = 0; h < count / in_chunk; h++) {
      Chunk chunk;
      for (int i = 0; i < in_chunk; i++) chunk.at[i] = values.at[h * in_chunk + i];
      store(reinterpret_cast<Chunk*>(row + p * count) + h, chunk);
    }
  }

  // ---- Shared memory ------------------------------------------------------------------------------------------------

  GATUN_DEVICE static Values keep(W* row, int64_t pieces, int64_t p, const Values& values) {
    for (int h = 0; h < count / in_chunk; h++) {
      Chunk chunk;
      for (int i = 0; i < in_chunk; i++) chunk.at[i] = values.at[h * in_chunk + i];
      shared_store(reinterpret_cast<Chunk*>(row) + h * pieces + p, chunk);
    }
    return values;
  }

  GATUN_DEVICE static Values kept(const W* row, int64_t pieces, int64_t p) {
    Values values;
    for (int h = 0; h < count / in_chunk; h++) {
      const auto chunk = shared_load(reinterpret_cast<const Chunk*>(row) + h * pieces + p);
      for (int i = 0; i < in_chunk; i++) values.at[h * in_chunk + i] = chunk.at[i];
    }
    return values;
  }
};

}  // namespace gatun
