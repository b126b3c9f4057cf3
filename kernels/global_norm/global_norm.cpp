// norm = sqrt(sum of x^2). Reads n; bound by memory. The square of a float is exact in a double and cannot overflow it.
// Trap: a sum that follows the thread count changes its bits with it, so n alone says how the work is cut.
#include "body.h"

namespace gatun::GATUN_LEVEL {
namespace {

/// Many sums in flight hide the latency of the addition, and give the same order at every level.
template <class W> double sum_of_squares(const W* x, int64_t n) {
  constexpr int64_t lanes = 32;
  double sums[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    // Fetching 2 KiB ahead saves a sixth of the time where memory is the bound.
    for (int64_t line = 0; line < lanes; line += 64 / sizeof(W)) __builtin_prefetch(x + i + 2048 / sizeof(W) + line);
#pragma omp simd
    for (int64_t lane = 0; lane < lanes; lane++) sums[lane] += double(x[i + lane]) * double(x[i + lane]);
  }
  for (int64_t lane = 0; i < n; i++, lane++) sums[lane] += double(x[i]) * double(x[i]);
  double sum = 0;
  for (const double lane : sums) sum += lane;
  return sum;
}

template <class W> void norm_of(W* norm, const W* x, int64_t n) {
  constexpr int64_t most_pieces = 256, smallest_piece = 4096;
  const int64_t share = (n + most_pieces - 1) / most_pieces;
  const int64_t piece = (share + smallest_piece - 1) / smallest_piece * smallest_piece;
  const int64_t pieces = n == 0 ? 0 : (n + piece - 1) / piece;
  double sums[most_pieces];
#pragma omp parallel for schedule(static) if (n >= worth_a_team)
  for (int64_t p = 0; p < pieces; p++) {
    const int64_t from = p * piece;
    sums[p] = sum_of_squares(x + from, n - from < piece ? n - from : piece);
  }
  double sum = 0;
  for (int64_t p = 0; p < pieces; p++) sum += sums[p];
  *norm = W(sqrt(sum));
}

}  // namespace

void global_norm(gatun_stream&, void* norm, const void* x, int64_t n, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using W = Wide<GATUN_ELEMENT(t)>;
    norm_of((W*)norm, (const W*)x, n);
  });
}

}  // namespace gatun::GATUN_LEVEL
