// y[i] = the sum over j of w[i][j] x[j] for layers of n elements; back, dx[j] = the sum over i of w[i][j] dy[i] and
// dw[i][j] = the sum of dy[i] x[j]. Bound by memory: strips of all layers stay in the first cache while they are met.
#include "loops.h"
#include "sums.h"

namespace gatun::GATUN_LEVEL {
namespace {

/// Columns met at once: those of a dozen layers and a result take 32 KiB.
constexpr int64_t strip = 512;

/// How strongly row r counts in result o: weights[o * of_result + r * of_row].
template <class T> struct Weights {
  const T* at;
  int64_t of_result, of_row;
  Wide<T> of(int64_t o, int64_t r) const { return widened(at[o * of_result + r * of_row]); }
};

/// to[o] = or += the sum over r of weights(o, r) from[r]. Rows are added in their order.
template <bool fresh, class T>
void mix(T* to, const T* from, Weights<T> weights, int64_t results, int64_t rows, int64_t n) {
  const auto of_strip = [=](int64_t first, int64_t last) {
    for (int64_t o = 0; o < results; o++)
      make_values<fresh, strip>(to + o * n + first, last - first, [=](Wide<T>* result) {
        for (int64_t r = 0; r < rows; r++) {
          const T* const row = from + r * n + first;
          const Wide<T> weight = weights.of(o, r);
          if (fresh && r == 0) {
#pragma omp simd
            for (int64_t c = 0; c < last - first; c++) result[c] = weight * widened(row[c]);
          } else {
#pragma omp simd
            for (int64_t c = 0; c < last - first; c++) result[c] += weight * widened(row[c]);
          }
        }
      });
  };
  in_pieces(n, [=](int64_t from_column, int64_t to_column) {
    for (int64_t at = from_column; at < to_column; at += strip) of_strip(at, least(to_column, at + strip));
  });
}

/// Pairs of layers whose products are summed in one pass.
constexpr int64_t side = 8;

/// sums[i * side + j] += the products of layers i and j of a tile, from column `first` to `last`.
template <class T> void add_products(double* sums, const T* dy, const T* x, int64_t larges, int64_t smalls, int64_t n,
                                     int64_t first, int64_t last) {
  for (int64_t at = first; at < last; at += strip) {
    const int64_t end = least(last, at + strip);
    for (int64_t i = 0; i < larges; i++)
      for (int64_t j = 0; j < smalls; j++)
        sums[i * side + j] +=
            run_sum(at, end, [=](int64_t c) { return widened(dy[i * n + c]) * widened(x[j * n + c]); });
  }
}

template <bool fresh, class T> void products(T* dw, const T* dy, const T* x, int64_t large, int64_t small, int64_t n) {
  const int64_t pieces = quotient_up(n, piece);
  for (int64_t i = 0; i < large; i += side)
    for (int64_t j = 0; j < small; j += side) {
      const int64_t larges = least(side, large - i), smalls = least(side, small - j);
      double sums[parts][side * side] = {};
#pragma omp parallel for schedule(static) if (n >= worth_a_team / side)
      for (int64_t p = 0; p < parts; p++)
        add_products(sums[p], dy + i * n, x + j * n, larges, smalls, n, least(n, pieces * p / parts * piece),
                     least(n, pieces * (p + 1) / parts * piece));
      for (int64_t a = 0; a < larges; a++)
        for (int64_t b = 0; b < smalls; b++) {
          double sum = 0;
          for (int64_t p = 0; p < parts; p++) sum += sums[p][a * side + b];
          put<fresh>(dw[(i + a) * small + j + b], Wide<T>(sum));
        }
    }
}

}  // namespace

void layer_mix_forward(gatun_stream&, void* y, const void* w, const void* x, int64_t large, int64_t small, int64_t n,
                       gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    mix<true>((T*)y, (const T*)x, Weights<T>{(const T*)w, small, 1}, large, small, n);
  });
}

void layer_mix_pullback(gatun_stream&, void* dw, void* dx, const void* dy, const void* w, const void* x, int64_t large,
                        int64_t small, int64_t n, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    if (dw)
      by_truth(is_fresh(fresh, 0),
               [&](auto f) { products<f.value>((T*)dw, (const T*)dy, (const T*)x, large, small, n); });
    if (dx)
      by_truth(is_fresh(fresh, 1), [&](auto f) {
        mix<f.value>((T*)dx, (const T*)dy, Weights<T>{(const T*)w, 1, small}, small, large, n);
      });
  });
}

}  // namespace gatun::GATUN_LEVEL
