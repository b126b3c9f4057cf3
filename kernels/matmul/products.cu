// Which tiles a product is cut into, and their launches.
#include "matmul_library.h"
#include "products.cuh"

namespace gatun {
namespace products {
namespace {

// Four stages of 128 x 256 fill 96 KB, which the smallest target grants a block; the others leave room for more blocks.
using LargeTile = TensorTile<128, 256, 2, 4, 4, 1, false>;
using MiddleTile = TensorTile<128, 128, 2, 2, 3, 2, false>;
using SmallTile = TensorTile<64, 64, 2, 2, 3, 4, true>;
template <class T> using RegisterLarge = RegisterTile<T, 128, 2, false>;
template <class T> using RegisterSmall = RegisterTile<T, 64, 2, true>;

inline int64_t parts_of(int64_t n, int64_t size) { return (n + size - 1) / size; }

/// The plan of a product on a kind of tile: how many parts `inner` is split into, and what it costs.
struct Cut {
  int64_t parts;
  double cost;
};

/// Multiplications of the busiest multiprocessor, times what a smaller tile pays for meeting its factors more often.
/// Judged, not measured: `handicap`, and that a sum kept for later costs as much as 400 multiplications (8 bytes at 4
/// TB/s against 2 FLOPs at 400 TFLOP/s, for each).
template <class Tile> Cut cut(const Product& p, int processors, double handicap) {
  constexpr int64_t most_parts = 16, least_depth = 128, start = 64;
  constexpr double kept_sum = 400;
  const int64_t tiles = parts_of(p.rows, Tile::rows) * parts_of(p.cols, Tile::cols) * p.batch;
  Cut best{1, 0};
  for (int64_t parts = 1; parts <= most_parts; parts++) {
    if (parts > 1 && (p.batch > 1 || p.keep_workspace || p.inner / parts < least_depth)) break;
    const int64_t waves = parts_of(tiles * parts, processors), depth = parts_of(p.inner, parts) + start;
    double cost = double(waves * depth) * Tile::rows * Tile::cols * handicap;
    if (parts > 1) cost += kept_sum * double(parts * p.rows * p.cols) / processors;
    if (parts == 1 || cost < best.cost) best = {parts, cost};
  }
  return best;
}

template <class T>
Stored<T> stored(const void* start, int64_t stride, int64_t rows, int64_t cols, bool transposed, int64_t apart) {
  const auto* const first = static_cast<const T*>(start);
  const bool vectors = aligned(first) && stride % Vector<T>::count == 0 && apart % Vector<T>::count == 0;
  return {first, stride, transposed ? cols : rows, transposed ? rows : cols, apart, vectors};
}

template <class T> Task<T> task_of(const Product& p) {
  using W = Wide<T>;
  Task<T> task{};
  task.a = stored<T>(p.a, p.lda, p.rows, p.inner, p.transpose_a, p.apart_a);
  task.b = stored<T>(p.b, p.ldb, p.inner, p.cols, p.transpose_b, p.apart_b);
  const int64_t in_piece = p.wide ? Vector<W>::count : Vector<T>::count;
  const bool vectors = p.ldc % in_piece == 0 && p.apart_c % in_piece == 0 &&
                       aligned(static_cast<const char*>(p.c), static_cast<const char*>(p.bias),
                               static_cast<const char*>(p.slope), static_cast<const char*>(p.pre));
  task.finish = {p.c,
                 (const W*)p.alpha,
                 (const W*)p.bias,
                 (const T*)p.slope,
                 (T*)p.pre,
                 p.ldc,
                 p.rows,
                 p.cols,
                 p.gelu,
                 p.accumulate,
                 p.wide,
                 vectors};
  task.column_sums = static_cast<W*>(p.column_sums);
  task.accumulate_sums = p.accumulate_sums;
  task.inner = task.depth = p.inner;
  task.apart_c = p.apart_c;
  task.parts = 1;
  return task;
}

template <class Tile> void launch(gatun_stream& stream, const Product& p, Task<typename Tile::T> task) {
  task.tiles_down = static_cast<uint32_t>(parts_of(p.rows, Tile::rows));
  task.tiles_across = static_cast<uint32_t>(parts_of(p.cols, Tile::cols));
  const dim3 grid(task.tiles_down * task.tiles_across * task.parts * static_cast<uint32_t>(p.batch));
  constexpr int64_t bytes = Tile::stages * (Tile::rows + Tile::cols) * Tile::inner * sizeof(typename Tile::T);
  by_truth(p.transpose_a, [&](auto a) {
    by_truth(p.transpose_b, [&](auto b) {
      GATUN_LAUNCH(stream, (product_of_tiles<Tile, decltype(a)::value, decltype(b)::value>), grid, Tile::threads, bytes,
                   task);
    });
  });
}

template <class Tile> void multiply_in(gatun_stream& stream, const Product& p, int64_t parts) {
  using T = typename Tile::T;
  using W = Wide<T>;
  auto task = task_of<T>(p);
  if (parts == 1) return launch<Tile>(stream, p, task);
  const int64_t depth = parts_of(parts_of(p.inner, parts), Tile::inner) * Tile::inner;
  const int64_t count = parts_of(p.inner, depth), stride = parts_of(p.cols, Vector<T>::count) * Vector<T>::count;
  W* const sums = reinterpret_cast<W*>(stream.workspace.at_least(count * (p.rows + 1) * stride * int64_t(sizeof(W))));
  W* const column_sums = sums + count * p.rows * stride;
  const auto finish = task.finish;
  task.finish = {sums, nullptr, nullptr, nullptr, nullptr, stride, p.rows, p.cols, false, false, true, true};
  task.column_sums = p.column_sums ? column_sums : nullptr;
  task.accumulate_sums = false;
  task.depth = depth;
  task.parts = static_cast<uint32_t>(count);
  task.parts_apart_c = p.rows * stride;
  task.parts_apart_sums = stride;
  launch<Tile>(stream, p, task);
  const Parts<T> left{sums, column_sums, static_cast<W*>(p.column_sums), stride, int(count), p.accumulate_sums};
  const auto grid = grid_for(stream, p.rows * parts_of(p.cols, Vector<W>::count), finishing_threads);
  if (p.wide)
    GATUN_LAUNCH(stream, (product_sum_of_parts<T, W>), grid, finishing_threads, 0, left, finish);
  else
    GATUN_LAUNCH(stream, (product_sum_of_parts<T, T>), grid, finishing_threads, 0, left, finish);
}

/// Tiles that take 16 bytes at a time are out of the question where a factor does not allow it.
template <class T> bool in_vectors(const Product& p) {
  const auto task = task_of<T>(p);
  return task.a.vectors && task.b.vectors;
}

void multiply_bf16(gatun_stream& stream, const Product& p) {
  const int processors = stream.limits.processors;
  const auto small = cut<SmallTile>(p, processors, 1.5);
  if (!in_vectors<bf16>(p)) return multiply_in<SmallTile>(stream, p, small.parts);
  const auto large = cut<LargeTile>(p, processors, 1), middle = cut<MiddleTile>(p, processors, 1.1);
  if (small.cost < large.cost && small.cost < middle.cost) return multiply_in<SmallTile>(stream, p, small.parts);
  if (middle.cost < large.cost) return multiply_in<MiddleTile>(stream, p, middle.parts);
  multiply_in<LargeTile>(stream, p, large.parts);
}

void multiply_fp32(gatun_stream& stream, const Product& p) {
  const int processors = stream.limits.processors;
  const auto small = cut<RegisterSmall<float>>(p, processors, 1.5);
  const auto large = cut<RegisterLarge<float>>(p, processors, 1);
  if (small.cost < large.cost || !in_vectors<float>(p))
    multiply_in<RegisterSmall<float>>(stream, p, small.parts);
  else
    multiply_in<RegisterLarge<float>>(stream, p, large.parts);
}

void multiply_fp64(gatun_stream& stream, const Product& p) {
  multiply_in<RegisterSmall<double>>(stream, p, cut<RegisterSmall<double>>(p, stream.limits.processors, 1).parts);
}

GATUN_KERNEL(finishing_threads, 4) product_narrow_bias(bf16* out, const float* bias, int64_t cols) {
  const int64_t step = blocks_x() * finishing_threads;
  for (int64_t i = block_x() * finishing_threads + thread_index(); i < cols; i += step)
    store(out + i, narrowed<bf16>(load(bias + i)));
}

/// cuBLASLt adds a bias of the type of c.
bool multiply_on_library(gatun_stream& stream, Product p) {
  if (!stream.library || !MatmulLibrary::takes(p)) return false;
  if (p.bias && p.dtype == GATUN_BF16) {
    auto* const narrow = static_cast<bf16*>(stream.library->room_for_bias(p.cols * int64_t(sizeof(bf16))));
    const auto grid = grid_for(stream, p.cols, finishing_threads);
    GATUN_LAUNCH(stream, product_narrow_bias, grid, finishing_threads, 0, narrow, static_cast<const float*>(p.bias),
                 p.cols);
    p.bias = narrow;
  }
  return stream.library->multiply(stream, p);
}

}  // namespace
}  // namespace products

void multiply(gatun_stream& stream, const Product& p) {
  if (p.rows == 0 || p.cols == 0 || p.batch == 0) return;
  if (products::multiply_on_library(stream, p)) return;
  switch (p.dtype) {
    case GATUN_BF16:
      return products::multiply_bf16(stream, p);
    case GATUN_F64:
      return products::multiply_fp64(stream, p);
    default:
      return products::multiply_fp32(stream, p);
  }
}

}  // namespace gatun
