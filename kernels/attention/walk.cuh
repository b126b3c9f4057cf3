// How a block goes about attention: it owns a tile of rows of one side of one pair, and walks the tiles of the other
// side that its rows see, two arrays of them at a time (keys and values, or queries and dy), each followed by its
// tangent where there is one. One barrier a tile is enough.
#pragma once

#include "heads.cuh"
#include "strips.cuh"

namespace gatun::attention {

/// `down`: strips of 16 rows a warp. `lines`: of a tile of the other side. `owned`: arrays of which rows are kept.
/// `blocks`: a multiprocessor's. `walked`: arrays of the other side.
template <class Arithmetic_, int head_, int warps_, int down_, int lines_, int owned_, int blocks_, int walked_ = 2>
struct Shape {
  using Arithmetic = Arithmetic_;
  using T = typename Arithmetic::T;
  using W = Wide<T>;
  static constexpr int head = head_, warps = warps_, down = down_, lines = lines_, owned = owned_, blocks = blocks_;
  static constexpr int walked = walked_;
  static constexpr int threads = 32 * warps, rows = warps * down * 16;
  using Owned = SharedTile<T, rows, head, 0>;
  using Walked = SharedTile<T, lines, head, 0>;
  using Scores = Strip<W, down, lines / 8>;
  using Sums = Strip<W, down, head / 8>;

  /// Of a stage: the tiles, and behind them as many statistics a line.
  static constexpr int statistics_at = walked * Walked::bytes;
  static constexpr int stage_bytes = statistics_at + walked * lines * static_cast<int>(sizeof(W));
  static constexpr int stages_at = owned * Owned::bytes, spans_at = stages_at + 2 * stage_bytes;
  static constexpr int place_at = spans_at + rows * static_cast<int>(sizeof(Span));
  static constexpr int shared_bytes = place_at + 16;
  /// Sums leave through shared memory that is no longer needed: 16 rows of each warp at a time.
  static constexpr int room_stride = head + 8;
  static_assert(warps * 16 * room_stride * static_cast<int>(sizeof(W)) <= spans_at);
};

/// A head's rows in an array.
template <class T> struct Matrix {
  const T* start;
  int stride, lines, width;
  bool vectors;
};

template <class T>
GATUN_DEVICE Matrix<T> packed_rows(const T* qkv, const Heads& h, int64_t pair, Part part, bool vectors) {
  return {qkv + packed(h, pair, part, 0), static_cast<int>(3 * h.width()), static_cast<int>(h.context),
          static_cast<int>(h.head_size), vectors};
}

template <class T> GATUN_DEVICE Matrix<T> output_rows(const T* y, const Heads& h, int64_t pair, bool vectors) {
  return {y + output(h, pair, 0), static_cast<int>(h.width()), static_cast<int>(h.context),
          static_cast<int>(h.head_size), vectors};
}

/// Brings a tile, from line `first` on, to shared memory: zeros behind the edges.
template <class Tile, int threads, class T> GATUN_DEVICE void bring(char* tile, const Matrix<T>& m, int first) {
  static_assert(Tile::lines * Tile::chunks % threads == 0);
  GATUN_UNROLL
  for (int round = 0; round < Tile::lines * Tile::chunks / threads; round++) {
    const int at = round * threads + thread_index(), line = at / Tile::chunks, chunk = at % Tile::chunks;
    const int column = chunk * Tile::in_chunk, left = m.width - column;
    const int inside = first + line >= m.lines || left < 0 ? 0 : left < Tile::in_chunk ? left : Tile::in_chunk;
    const T* const from = m.start + int64_t{first + line} * m.stride + column;
    auto* const to = reinterpret_cast<Vector<T>*>(tile) + Tile::place(line, chunk);
    if (m.vectors) {
      copy_async(to, from, inside * static_cast<int>(sizeof(T)));
    } else {
      Vector<T> elements;
      for (int e = 0; e < Tile::in_chunk; e++) elements.at[e] = e < inside ? load(from + e) : narrowed<T>(0);
      shared_store(to, elements);
    }
  }
}

/// What a block owns.
struct alignas(16) Place {
  int64_t pair, tile;
};

/// Blocks begin in the order of their numbers: the longest first, within as many pairs as share the second-level cache.
struct Order {
  int64_t tiles, together, pairs;
  bool last_first;

  dim3 blocks() const { return dim3(static_cast<unsigned>(tiles * pairs)); }
  GATUN_DEVICE Place place(int64_t block) const {
    const int64_t group = block / (together * tiles), rest = block % (together * tiles), first = group * together;
    const int64_t here = pairs - first < together ? pairs - first : together;
    const int64_t pair = first + rest % here, rank = rest / here;
    return {pair, last_first ? tiles - 1 - rank : rank};
  }
};

inline Order order_of(const Heads& h, int rows, int64_t element_bytes, bool last_first) {
  constexpr int64_t cached_bytes = 16 << 20;
  const int64_t pair_bytes = 2 * h.context * h.head_size * element_bytes, together = cached_bytes / (pair_bytes + 1);
  return {(h.context + rows - 1) / rows,
          together < 1           ? 1
          : together < h.pairs() ? together
                                 : h.pairs(),
          h.pairs(), last_first};
}

/// What the rows of a block see of the other side. Rows behind the context see what its last one sees. Here too lies
/// what the block will ask for when its walk is done: registers are dear meanwhile.
template <class S> class Sight {
  char* shared_;

 public:
  /// A barrier must come before the first question.
  template <class Seen> GATUN_DEVICE Sight(char* shared, const Heads& h, const Place& place, Seen seen)
      : shared_(shared) {
    for (int r = thread_index(); r < S::rows; r += S::threads) {
      const int64_t row = place.tile * S::rows + r, last = h.context - 1;
      shared_store(spans() + r, seen(h, place.pair / h.heads, row < last ? row : last));
    }
    if (thread_index() == 0) shared_store(reinterpret_cast<Place*>(shared_ + S::place_at), place);
  }
  GATUN_DEVICE Place place() const { return shared_load(reinterpret_cast<const Place*>(shared_ + S::place_at)); }
  GATUN_DEVICE Span of(int row) const { return shared_load(spans() + row); }
  // Both ends of spans ascend with the rows.
  GATUN_DEVICE int first_seen() const { return of(0).first; }
  GATUN_DEVICE int last_seen() const { return of(S::rows - 1).last; }

 private:
  GATUN_DEVICE Span* spans() const { return reinterpret_cast<Span*>(shared_ + S::spans_at); }
};

/// A warp's strip of rows. What it sees is read again for every tile: registers are dear.
template <class S> struct OwnStrip {
  const Sight<S>& sight;
  int first = warp_index() * S::down * 16;

  GATUN_DEVICE int last() const { return first + S::down * 16 - 1; }
  /// Any of the tile's lines by any row.
  GATUN_DEVICE bool sees(int line) const {
    return line < sight.of(last()).last && line + S::lines > sight.of(first).first;
  }
  /// All of them by all rows.
  GATUN_DEVICE bool sees_all(int line) const {
    return line >= sight.of(last()).first && line + S::lines <= sight.of(first).last;
  }
  /// Scores of a line that a row does not see become what `factor` takes to -infinity.
  GATUN_DEVICE void hide(typename S::Scores& scores, int line, typename S::W factor) const {
    if (sees_all(line)) return;
    const auto hidden = factor < 0 ? typename S::W(INFINITY) : -typename S::W(INFINITY);
    scores.each([&](int i, int j, int e) {
      if (!sight.of(first + scores.row(i, e)).has(line + scores.column(j, e))) scores.at[i][j][e] = hidden;
    });
  }
};

/// Takes a block over the tiles that its rows see. Before each, the matrices' lines and what `bring_beside(line,
/// stage)` asks for come to a stage behind the kernel's back, while the tile before is used; with the first comes what
/// was asked for earlier. use(line, stage) is called by the warps whose strips see any of its lines. Behind the walk
/// nobody reads tiles any more.
template <class S, class Beside, class Use> GATUN_DEVICE void walk(char* stages, const OwnStrip<S>& own,
                                                                   const Matrix<typename S::T> (&matrices)[S::walked],
                                                                   Beside bring_beside, Use use) {
  using Tile = typename S::Walked;
  const int begin = own.sight.first_seen() / S::lines * S::lines, end = own.sight.last_seen();
  const auto bring_tiles = [&](int line, char* stage) {
    GATUN_UNROLL
    for (int m = 0; m < S::walked; m++) bring<Tile, S::threads>(stage + m * Tile::bytes, matrices[m], line);
    bring_beside(line, stage);
    copy_async_commit();
  };
  bring_tiles(begin, stages);
  int stage = 0;
  for (int line = begin; line < end; line += S::lines) {
    copy_async_wait<0>();
    block_barrier();
    if (line + S::lines < end) bring_tiles(line + S::lines, stages + (1 - stage) * S::stage_bytes);
    if (own.sees(line)) use(line, static_cast<const char*>(stages + stage * S::stage_bytes));
    stage = 1 - stage;
  }
  block_barrier();
}

/// For a walk beside whose lines nothing else comes.
struct Nothing {
  GATUN_DEVICE void operator()(int, char*) const {}
};

/// What takes scores to exponents. A scale of 0 must still tell a hidden score from the others.
template <class S> GATUN_DEVICE typename S::W factor_of(typename S::W scale) {
  return scale == 0 ? typename S::W(1e-30) : scale * S::Arithmetic::base_of_log;
}

/// take(row of the block's, first column, `run` sums), through shared memory that nobody else uses any more.
template <class S, int run, class Take> GATUN_DEVICE void give(const typename S::Sums& sums, Take take) {
  using W = typename S::W;
  struct alignas(2 * sizeof(W)) Pair {
    W at[2];
  };
  W* const room = reinterpret_cast<W*>(shared_memory()) + warp_index() * 16 * S::room_stride;
  for (int round = 0; round < S::down; round++) {
    warp_barrier();
    GATUN_UNROLL
    for (int i = 0; i < S::down; i++) {
      if (i != round) continue;
      GATUN_UNROLL
      for (int j = 0; j < S::Sums::across; j++) {
        GATUN_UNROLL
        for (int half = 0; half < 2; half++)
          shared_store(
              reinterpret_cast<Pair*>(room + (half * 8 + lane_index() / 4) * S::room_stride + S::Sums::column(j, 0)),
              Pair{sums.at[i][j][half * 2], sums.at[i][j][half * 2 + 1]});
      }
    }
    warp_barrier();
    for (int at = lane_index(); at < 16 * (S::head / run); at += 32) {
      const int row = at / (S::head / run), column = at % (S::head / run) * run;
      W values[run];
      products::read_run<run>(values, room + row * S::room_stride + column);
      take((warp_index() * S::down + round) * 16 + row, column, values);
    }
  }
}

/// Sums, times a factor, become rows of an array whose row `r` begins at at(r).
template <class S> struct Rows {
  using T = typename S::T;
  using W = typename S::W;
  int64_t count, width;
  bool vectors, fresh;

  template <class At>
  GATUN_DEVICE void receive(const typename S::Sums& sums, W factor, const Place& place, At at) const {
    receive(sums, place, at, [&](int, int, W* values) {
      for (int e = 0; e < Vector<T>::count; e++) values[e] *= factor;
    });
  }

  /// finish(row of the block's, first column, values) changes them on their way.
  template <class At, class Finish>
  GATUN_DEVICE void receive(const typename S::Sums& sums, const Place& place, At at, Finish finish) const {
    constexpr int run = Vector<T>::count;
    const int64_t first = place.tile * S::rows;
    give<S, run>(sums, [&](int row, int column, W* values) {
      if (first + row >= count || column >= width) return;
      finish(row, column, values);
      T* const to = at(first + row) + column;
      if (vectors) {
        put<Vector<T>>(to, values);
      } else {
        for (int e = 0; e < run; e++)
          if (column + e < width) put<One<T>>(to + e, values + e);
      }
    });
  }

  template <class Piece> GATUN_DEVICE void put(T* to, const W* values) const {
    auto* const piece = reinterpret_cast<Piece*>(to);
    Piece out;
    if (fresh) {
      for (int e = 0; e < Piece::count; e++) out.at[e] = narrowed<T>(values[e]);
    } else {
      out = load(piece);
      for (int e = 0; e < Piece::count; e++) out.at[e] = narrowed<T>(widened(out.at[e]) + values[e]);
    }
    store(piece, out);
  }
};

/// Calls `walk` with a null pointer of the shape.
template <class Large, class Small, class Walk> void larger_where_granted(const gatun_stream& stream, Walk walk) {
  if (stream.limits.shared_bytes >= Large::shared_bytes)
    walk(static_cast<Large*>(nullptr));
  else
    walk(static_cast<Small*>(nullptr));
}

/// Calls `work` with the size, 64 or 128, that a head is padded to; false where no tile's registers hold it.
template <class T, class Work> bool by_head(int64_t head_size, Work work) {
  if (head_size <= 64) {
    work(std::integral_constant<int, 64>{});
    return true;
  }
  if constexpr (sizeof(T) <= sizeof(float)) {
    if (head_size <= 128) {
      work(std::integral_constant<int, 128>{});
      return true;
    }
  }
  return false;
}

}  // namespace gatun::attention
