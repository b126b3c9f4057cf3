// y = activation(x weight + bias). 2 * rows * in * out FLOPs, three times that with the pullback. Bias and activation
// are part of the product: sums are finished before they are stored. In the pullback dpre = dy * activation'(pre) is a
// pass of its own, which reads dy and pre and writes dpre once and sums dpre's columns on the way; without an
// activation dbias comes with the product for dweight, which meets all of dy anyway.
// Trap: column sums in two stages, both in a fixed order: parts of the rows, then the parts.
#include "gelu.cuh"
#include "matmul_library.h"
#include "products.h"
#include "sums.cuh"

namespace gatun {
namespace {

constexpr int threads = 256, warps = threads / 32;

template <class T> struct PreGradient {
  T* dpre;
  Wide<T>* sums;  // (parts, cols), or null
  const T *dy, *pre;
  int64_t rows, cols;
  int64_t strips;  // of columns: a block's warps walk down one, from a part of the rows to its end
  int64_t part_rows;
};

/// Shared memory holds the k-th sums of a warp's lanes together, and shifts each k by so much that sums of neighbouring
/// columns lie in different banks.
template <class W, int count> constexpr int plane = 32 + 128 / sizeof(W) / count;

/// One row's share of a lane: dpre, of which it answers with the unrounded.
template <class T, template <class> class Piece>
GATUN_DEVICE void take_piece(const PreGradient<T>& a, int64_t at, Piece<T> dy, Piece<T> pre, Wide<T>* sums) {
  constexpr int count = Piece<T>::count;
  for (int i = 0; i < count; i++) {
    const Wide<T> gradient = widened(dy.at[i]) * (a.dpre ? gelu_slope(widened(pre.at[i])) : Wide<T>(1));
    sums[i] += gradient;
    dy.at[i] = narrowed<T>(gradient);
  }
  if (a.dpre) store(reinterpret_cast<Piece<T>*>(a.dpre + at), dy);
}

template <class T, template <class> class Piece> GATUN_KERNEL(threads, 2) linear_pre_gradient(PreGradient<T> a) {
  using W = Wide<T>;
  constexpr int count = Piece<T>::count, in_flight = 4;
  const int64_t part = block_x() / a.strips;
  const int64_t col = (block_x() % a.strips * 32 + lane_index()) * count;
  const int64_t from = part * a.part_rows, end = from + a.part_rows < a.rows ? from + a.part_rows : a.rows;
  W sums[count] = {};
  if (col < a.cols)
    for (int64_t row = from + warp_index() * in_flight; row < end; row += warps * in_flight) {
      Piece<T> dy[in_flight], pre[in_flight];
      for (int i = 0; i < in_flight; i++)
        if (row + i < end) {
          dy[i] = load_once(reinterpret_cast<const Piece<T>*>(a.dy + (row + i) * a.cols + col));
          if (a.dpre) pre[i] = load_once(reinterpret_cast<const Piece<T>*>(a.pre + (row + i) * a.cols + col));
        }
      for (int i = 0; i < in_flight; i++)
        if (row + i < end) take_piece<T, Piece>(a, (row + i) * a.cols + col, dy[i], pre[i], sums);
    }
  if (!a.sums) return;
  W* const shared = reinterpret_cast<W*>(shared_memory());
  constexpr int apart = plane<W, count>;
  for (int i = 0; i < count; i++) shared_store(shared + (warp_index() * count + i) * apart + lane_index(), sums[i]);
  block_barrier();
  for (int c = thread_index(); c < 32 * count; c += threads) {
    W sum = 0;
    for (int warp = 0; warp < warps; warp++)
      sum += shared_load(shared + (warp * count + c % count) * apart + c / count);
    const int64_t column = block_x() % a.strips * 32 * count + c;
    if (column < a.cols) store(a.sums + part * a.cols + column, sum);
  }
}

template <class W> struct BiasGradient {
  W* dbias;
  bool fresh;
  GATUN_DEVICE void operator()(int64_t c, W sum) const { store(dbias + c, fresh ? sum : load(dbias + c) + sum); }
};

/// dpre, where there is a `pre`, and the column sums of dpre or dy, where wanted.
template <class T> void pre_gradient(gatun_stream& stream, T* dpre, Wide<T>* dbias, const T* dy, const T* pre,
                                     int64_t rows, int64_t cols, bool fresh) {
  using W = Wide<T>;
  const auto parts_of = [](int64_t n, int64_t size) { return (n + size - 1) / size; };
  const bool vectors = cols % Vector<T>::count == 0 && aligned(dpre, dy, pre);
  const int64_t count = vectors ? Vector<T>::count : 1, strips = parts_of(cols, 32 * count);
  constexpr int64_t least_rows = 64;
  const int64_t wanted = parts_of(stream.limits.processors * 6, strips);
  const int64_t part_rows = parts_of(rows, wanted) < least_rows ? least_rows : parts_of(rows, wanted);
  const int64_t parts = parts_of(rows, part_rows);
  W* partial = nullptr;
  if (dbias && parts) partial = reinterpret_cast<W*>(stream.workspace.at_least(parts * cols * sizeof(W)));
  const PreGradient<T> a{dpre, partial, dy, pre, rows, cols, strips, part_rows};
  const dim3 grid(static_cast<unsigned>(strips * parts));
  if (parts)
    by_truth(vectors, [&](auto whole) {
      constexpr int at_once = decltype(whole)::value ? Vector<T>::count : 1;
      constexpr int64_t shared_bytes = warps * at_once * plane<W, at_once> * sizeof(W);
      if constexpr (decltype(whole)::value)
        GATUN_LAUNCH(stream, (linear_pre_gradient<T, Vector>), grid, threads, shared_bytes, a);
      else
        GATUN_LAUNCH(stream, (linear_pre_gradient<T, One>), grid, threads, shared_bytes, a);
    });
  if (dbias)
    sums::launch_columns(stream, loops::Sources<W, 1>{{partial}}, {1, parts, cols}, 1, static_cast<W*>(nullptr),
                         sums::Identity{}, BiasGradient<W>{dbias, fresh});
}

}  // namespace

void linear_forward(gatun_stream& stream, void* y, void* pre, const void* x, const void* weight, const void* bias,
                    int64_t rows, int64_t in, int64_t out, gatun_activation activation, gatun_dtype dtype) {
  multiply(stream, {.c = y,
                    .a = x,
                    .b = weight,
                    .rows = rows,
                    .cols = out,
                    .inner = in,
                    .ldc = out,
                    .lda = in,
                    .ldb = out,
                    .bias = bias,
                    .pre = pre,
                    .gelu = activation == GATUN_GELU_ACTIVATION,
                    .dtype = dtype});
}

void linear_pullback(gatun_stream& stream, void* dpre, void* dx, void* dweight, void* dbias, const void* dy,
                     const void* x, const void* weight, const void* pre, const void* x_pre, int64_t rows, int64_t in,
                     int64_t out, gatun_activation, int32_t fresh, gatun_dtype dtype) {
  const void* const gradient = dpre ? dpre : dy;
  const bool sums_with_product = dweight && !dpre && !stream.library;
  if (dpre || (dbias && !sums_with_product))
    by_type(dtype, [&](auto* t) {
      using T = GATUN_ELEMENT(t);
      pre_gradient(stream, (T*)dpre, (Wide<T>*)dbias, (const T*)dy, (const T*)pre, rows, out, is_fresh(fresh, 2));
    });
  if (dx)
    multiply(stream, {.c = dx,
                      .a = gradient,
                      .b = weight,
                      .rows = rows,
                      .cols = in,
                      .inner = out,
                      .ldc = in,
                      .lda = out,
                      .ldb = out,
                      .transpose_b = true,
                      .accumulate = !is_fresh(fresh, 0),
                      .slope = x_pre,
                      .dtype = dtype});
  if (dweight)
    multiply(stream, {.c = dweight,
                      .a = x,
                      .b = gradient,
                      .rows = in,
                      .cols = out,
                      .inner = rows,
                      .ldc = out,
                      .lda = in,
                      .ldb = out,
                      .transpose_a = true,
                      .accumulate = !is_fresh(fresh, 1),
                      .wide = true,
                      .column_sums = sums_with_product ? dbias : nullptr,
                      .accumulate_sums = !is_fresh(fresh, 2),
                      .dtype = dtype});
}

}  // namespace gatun
