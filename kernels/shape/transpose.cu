// y[b,c,r] = x[b,r,c]. Bound by memory: one read and one write. Tiles of 128 bytes of each row pass through shared
// memory, so that both arrays are met in vectors and whole sectors; where a size or an address does not allow that,
// tiles of 32 x 32 elements, in stretches of 32 elements.
// Trap: the lanes that read a column of the tile would meet in one bank. In tiles of vectors the vector at place v of
// row r lies at place v ^ (r / count); in tiles of elements rows are longer than that.
#include "loops.cuh"

namespace gatun {
namespace {

using loops::split;

constexpr int threads = 128, places = 8, lines = threads / places, tile_of_elements = 32;

/// Of a row of such a tile: an odd number of words, or of doubles.
template <class T> constexpr int pitch = tile_of_elements + (sizeof(T) < 4 ? 4 / sizeof(T) : 1);

/// Sizes are those of `from`.
struct Tiles {
  int64_t batch, rows, cols, side;
  GATUN_DEVICE int64_t across() const { return (cols + side - 1) / side; }
  GATUN_DEVICE int64_t down() const { return (rows + side - 1) / side; }
};

struct Tile {
  int64_t base, row, col;
};

/// Where tile `t` begins; neighbours lie side by side in `from`.
GATUN_DEVICE Tile tile_at(const Tiles& tiles, int64_t t) {
  const auto [above, across] = split(t, tiles.across());
  const auto [table, down] = split(above, tiles.down());
  return {table * tiles.rows * tiles.cols, down * tiles.side, across * tiles.side};
}

/// A tile has places * count rows of as many elements: eight threads take a row of it, in vectors.
template <class T> GATUN_KERNEL(threads, 4) transpose_vectors(T* to, const T* from, Tiles tiles, bool fresh) {
  using Piece = Vector<T>;
  constexpr int count = Piece::count, side = places * count, turns = side / lines;
  T* const shared = reinterpret_cast<T*>(shared_memory());
  const int place = thread_index() % places, line = thread_index() / places;
  const int64_t all = tiles.batch * tiles.down() * tiles.across();
  for (int64_t t = block_x(); t < all; t += blocks_x()) {
    const auto [base, row, col] = tile_at(tiles, t);
    Piece pieces[turns];
    for (int i = 0; i < turns; i++) {
      const int64_t r = row + line + i * lines, c = col + place * count;
      if (r < tiles.rows && c < tiles.cols)
        pieces[i] = load_once(reinterpret_cast<const Piece*>(from + base + r * tiles.cols + c));
    }
    for (int i = 0; i < turns; i++) {
      const int r = line + i * lines;
      if (row + r < tiles.rows && col + place * count < tiles.cols)
        shared_store(reinterpret_cast<Piece*>(shared + r * side + (place ^ r / count) * count), pieces[i]);
    }
    block_barrier();
    for (int i = 0; i < turns; i++) {
      const int c = line + i * lines, r = place * count;
      if (col + c >= tiles.cols || row + r >= tiles.rows) continue;
      T* const at = to + base + (col + c) * tiles.rows + row + r;
      const auto old = loops::load_unless<Piece>(fresh, at, 0);
      Piece piece;
      for (int k = 0; k < count; k++) {
        const T value = shared_load(shared + (r + k) * side + (c / count ^ place) * count + c % count);
        piece.at[k] = loops::put(fresh, old.at[k], widened(value));
      }
      store(reinterpret_cast<Piece*>(at), piece);
    }
    block_barrier();
  }
}

template <class T> GATUN_KERNEL(threads, 4) transpose_elements(T* to, const T* from, Tiles tiles, bool fresh) {
  constexpr int side = tile_of_elements, warps = threads / 32, turns = side / warps;
  T* const shared = reinterpret_cast<T*>(shared_memory());
  const int64_t all = tiles.batch * tiles.down() * tiles.across();
  for (int64_t t = block_x(); t < all; t += blocks_x()) {
    const auto [base, row, col] = tile_at(tiles, t);
    T values[turns];
    for (int i = 0; i < turns; i++) {
      const int64_t r = row + warp_index() + i * warps, c = col + lane_index();
      if (r < tiles.rows && c < tiles.cols) values[i] = load_once(from + base + r * tiles.cols + c);
    }
    for (int i = 0; i < turns; i++) {
      const int r = warp_index() + i * warps;
      if (row + r < tiles.rows && col + lane_index() < tiles.cols)
        shared_store(shared + r * pitch<T> + lane_index(), values[i]);
    }
    block_barrier();
    for (int i = 0; i < turns; i++) {
      const int c = warp_index() + i * warps;
      if (col + c >= tiles.cols || row + lane_index() >= tiles.rows) continue;
      T* const at = to + base + (col + c) * tiles.rows + row + lane_index();
      const T value = shared_load(shared + lane_index() * pitch<T> + c);
      store(at, loops::put(fresh, loops::load_unless<One<T>>(fresh, at, 0).at[0], widened(value)));
    }
    block_barrier();
  }
}

template <class T>
void transpose(gatun_stream& stream, T* to, const T* from, int64_t batch, int64_t rows, int64_t cols, bool fresh) {
  if (batch * rows * cols == 0) return;
  constexpr int64_t count = Vector<T>::count, blocks_a_processor = 16;
  const bool vectors = rows % count == 0 && cols % count == 0 && aligned(to, from);
  const int64_t side = vectors ? places * count : tile_of_elements;
  const int64_t all = batch * loops::quotient_up(rows, side) * loops::quotient_up(cols, side);
  const auto grid = grid_for(stream, all, 1, blocks_a_processor);
  const Tiles tiles{batch, rows, cols, side};
  if (vectors)
    GATUN_LAUNCH(stream, transpose_vectors<T>, grid, threads, side * side * sizeof(T), to, from, tiles, fresh);
  else
    GATUN_LAUNCH(stream, transpose_elements<T>, grid, threads, side * pitch<T> * sizeof(T), to, from, tiles, fresh);
}

}  // namespace

void transpose_forward(gatun_stream& stream, void* y, const void* x, int64_t batch, int64_t rows, int64_t cols,
                       gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    transpose(stream, (T*)y, (const T*)x, batch, rows, cols, true);
  });
}

void transpose_pullback(gatun_stream& stream, void* dx, const void* dy, int64_t batch, int64_t rows, int64_t cols,
                        int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    transpose(stream, (T*)dx, (const T*)dy, batch, cols, rows, is_fresh(fresh, 0));
  });
}

}  // namespace gatun
