// How kernels walk over arrays of elements on a device. A warp takes up to `at_once` pieces a lane that lie side by
// side, fewer where each holds many elements or is met in many arrays: their loads are under way together, and each
// access is one stretch. Arrays that are aligned are met in vectors, and what is left behind the last one, or all of an
// array that is not, element by element; a kernel holds both loops, so that neither the size nor the address asks for
// one of its own.
#pragma once
#include "device.cuh"

namespace gatun::loops {

constexpr int threads = 256, at_once = 4;

/// Of a type of so many bytes. Eight elements a piece: half the pieces need half the registers, and twice the threads
/// have as many loads under way. Nobody is in haste for fp64, which proves laws.
template <size_t bytes_each> constexpr int pieces_at_once = bytes_each == 8   ? 1
                                                            : bytes_each == 2 ? at_once / 2
                                                                              : at_once;

inline int64_t quotient_up(int64_t n, int64_t by) { return (n + by - 1) / by; }

struct Split {
  int64_t quotient, remainder;
};

/// Most sizes fit 32 bits, where a division takes a third of the instructions.
GATUN_DEVICE Split split(int64_t i, int64_t by) {
  if (((i | by) >> 32) == 0) {
    const uint32_t quotient = static_cast<uint32_t>(i) / static_cast<uint32_t>(by);
    return {quotient, static_cast<uint32_t>(i) - quotient * static_cast<uint32_t>(by)};
  }
  return {i / by, i % by};
}

/// The arrays that a kernel reads element by element.
template <class T, int reads> struct Sources { const T* at[reads ? reads : 1]; };

/// What lies at one index of each of them.
template <class Piece, int reads> struct Pieces { Piece of[reads ? reads : 1]; };

template <class Piece, class T, int reads>
GATUN_DEVICE Pieces<Piece, reads> load_pieces(const Sources<T, reads>& from, int64_t i) {
  Pieces<Piece, reads> pieces{};
  for (int r = 0; r < reads; r++) pieces.of[r] = load_once(reinterpret_cast<const Piece*>(from.at[r] + i));
  return pieces;
}

/// f of the k-th elements, and of `more` behind them.
template <class Piece, int reads, class F, class... More>
GATUN_DEVICE auto applied(const F& f, const Pieces<Piece, reads>& pieces, int k, More... more) {
  if constexpr (reads == 0)
    return f(more...);
  else if constexpr (reads == 1)
    return f(widened(pieces.of[0].at[k]), more...);
  else if constexpr (reads == 2)
    return f(widened(pieces.of[0].at[k]), widened(pieces.of[1].at[k]), more...);
  else if constexpr (reads == 3)
    return f(widened(pieces.of[0].at[k]), widened(pieces.of[1].at[k]), widened(pieces.of[2].at[k]), more...);
  else
    return f(widened(pieces.of[0].at[k]), widened(pieces.of[1].at[k]), widened(pieces.of[2].at[k]),
             widened(pieces.of[3].at[k]), more...);
}

template <class T, int reads> bool all_aligned(const T* to, const Sources<T, reads>& from) {
  bool all = aligned(to);
  for (int r = 0; r < reads; r++) all = all && aligned(from.at[r]);
  return all;
}

/// Walks the pieces `first` to `last` (counted in pieces): write(i, read(i)) for the element i at which each begins.
template <class Piece, class Read, class Write>
GATUN_DEVICE void over_pieces(int64_t first, int64_t last, Read read, Write write) {
  using Found = decltype(read(Piece{}, int64_t{}));
  constexpr int most = pieces_at_once<sizeof(Piece) / Piece::count>;
  constexpr int together = most == at_once && sizeof(Found) > 3 * sizeof(Piece) ? at_once / 2 : most;
  constexpr int tile = threads * together;
  const int64_t lane = warp_index() * 32 * together + lane_index();
  for (int64_t p = first + block_x() * tile + lane; p < last; p += blocks_x() * tile) {
    Found found[together];
    GATUN_UNROLL
    for (int k = 0; k < together; k++)
      if (p + k * 32 < last) found[k] = read(Piece{}, (p + k * 32) * Piece::count);
    GATUN_UNROLL
    for (int k = 0; k < together; k++)
      if (p + k * 32 < last) write(Piece{}, (p + k * 32) * Piece::count, found[k]);
  }
}

/// Walks all elements from 0 to n, in vectors where they are allowed.
template <class T, class Read, class Write>
GATUN_DEVICE void over_elements(int64_t n, bool vectors, Read read, Write write) {
  constexpr int count = Vector<T>::count;
  if (vectors) over_pieces<Vector<T>>(0, n / count, read, write);
  over_pieces<One<T>>(vectors ? n / count * count : 0, n, read, write);
}

/// The grid for over_elements.
template <class T> dim3 grid_over(const gatun_stream& stream, int64_t n, bool vectors) {
  return grid_for(stream, vectors ? quotient_up(n, Vector<T>::count) : n, threads * pieces_at_once<sizeof(T)>);
}

/// What an ACC argument holds where the result is added to it.
template <class Piece, class T> GATUN_DEVICE Piece load_unless(bool fresh, const T* to, int64_t i) {
  return fresh ? Piece{} : load(reinterpret_cast<const Piece*>(to + i));
}

/// Overwrites, or adds into what was `old`.
template <class T> GATUN_DEVICE T put(bool fresh, T old, Wide<T> value) {
  return narrowed<T>(fresh ? value : widened(old) + value);
}

// ---- One element of each array -------------------------------------------------------------------------------------

template <class T, int reads, class F> GATUN_KERNEL(threads, 2)
map_elements(T* to, Sources<T, reads> from, int64_t n, bool vectors, bool fresh, F f) {
  over_elements<T>(
      n, vectors,
      [&]<class Piece>(Piece, int64_t i) {
        struct Found {
          Pieces<Piece, reads> pieces;
          Piece old;
        };
        return Found{load_pieces<Piece>(from, i), load_unless<Piece>(fresh, to, i)};
      },
      [&]<class Piece>(Piece piece, int64_t i, const auto& found) {
        for (int k = 0; k < Piece::count; k++) piece.at[k] = put(fresh, found.old.at[k], applied(f, found.pieces, k));
        store(reinterpret_cast<Piece*>(to + i), piece);
      });
}

/// to[i] = or += f(the i-th elements of the sources).
template <class T, int reads, class F>
void map(gatun_stream& stream, T* to, Sources<T, reads> from, int64_t n, bool fresh, F f) {
  if (n == 0) return;
  const bool vectors = all_aligned(to, from);
  GATUN_LAUNCH(stream, (map_elements<T, reads, F>), grid_over<T>(stream, n, vectors), threads, 0, to, from, n, vectors,
               fresh, f);
}

// ---- Stretches that lie strides apart ------------------------------------------------------------------------------

template <class T> GATUN_KERNEL(threads, 2)
move_runs(T* to, int64_t to_stride, const T* from, int64_t from_stride, int64_t runs, int64_t length, bool vectors,
          bool fresh) {
  over_elements<T>(
      runs * length, vectors,
      [&]<class Piece>(Piece, int64_t i) {
        struct Found {
          Piece piece, old;
          int64_t at;
        };
        const auto [run, inside] = split(i, length);
        const int64_t at = run * to_stride + inside;
        return Found{load_once(reinterpret_cast<const Piece*>(from + run * from_stride + inside)),
                     load_unless<Piece>(fresh, to, at), at};
      },
      [&]<class Piece>(Piece piece, int64_t, const auto& found) {
        for (int k = 0; k < Piece::count; k++) piece.at[k] = put(fresh, found.old.at[k], widened(found.piece.at[k]));
        store(reinterpret_cast<Piece*>(to + found.at), piece);
      });
}

/// Copies or adds `runs` stretches of `length` elements.
template <class T> void put_runs(gatun_stream& stream, T* to, int64_t to_stride, const T* from, int64_t from_stride,
                                 int64_t runs, int64_t length, bool fresh) {
  if (runs * length == 0) return;
  if (runs == 1 || (to_stride == length && from_stride == length)) {
    length *= runs;
    runs = 1;
  }
  constexpr int count = Vector<T>::count;
  const bool whole = runs == 1 || (length % count == 0 && to_stride % count == 0 && from_stride % count == 0);
  const bool vectors = whole && aligned(to, from);
  GATUN_LAUNCH(stream, move_runs<T>, grid_over<T>(stream, runs * length, vectors), threads, 0, to, to_stride, from,
               from_stride, runs, length, vectors, fresh);
}

}  // namespace gatun::loops
