// Long sums, kept in doubles: converting costs less than the memory takes, and an fp32 sum then errs by little more
// than its terms. The order of the terms depends on the sizes alone.
#pragma once
#include "loops.h"

namespace gatun::GATUN_LEVEL {

/// A sum with too few results to keep a team busy is cut into as many parts; more threads than that find no work, but
/// by then the memory is busy.
constexpr int64_t parts = 16;

/// The sum of term(i) from `from` to `to`.
template <class Term> inline double run_sum(int64_t from, int64_t to, Term term) {
  constexpr int64_t lanes = 32;  // as many chains of additions hide their latency, with two doubles a vector too
  double sums[lanes] = {}, total = 0;
  for (; from + lanes <= to; from += lanes)
#pragma omp simd
    for (int64_t lane = 0; lane < lanes; lane++) sums[lane] += double(term(from + lane));
#pragma omp simd reduction(+ : total)
  for (int64_t i = from; i < to; i++) total += double(term(i));
#pragma omp simd reduction(+ : total)
  for (int64_t lane = 0; lane < lanes; lane++) total += sums[lane];
  return total;
}

/// Lines of `segments` stretches of `length` elements.
struct Lines {
  int64_t lines, line_stride, segments, segment_stride, length;
  int64_t pieces() const { return quotient_up(length, piece); }
};

/// The sum of the pieces from `first` to `last` of one line.
template <class Term> inline double line_sum(const Lines& shape, int64_t line, int64_t first, int64_t last, Term term) {
  const int64_t pieces = shape.pieces();
  double total = 0;
  for (int64_t p = first; p < last; p++) {
    const int64_t base = line * shape.line_stride + p / pieces * shape.segment_stride, from = p % pieces * piece;
    total += run_sum(base + from, base + least(shape.length, from + piece), term);
  }
  return total;
}

/// Calls store(line, the sum of term(index) along the line).
template <class Term, class Store> inline void sum_lines(Lines shape, Term term, Store store) {
  const int64_t pieces = shape.segments * shape.pieces(), line_length = shape.segments * shape.length;
  if (shape.lines >= parts || pieces == 1) {
#pragma omp parallel for schedule(static) \
    firstprivate(shape, term, store) if (shape.lines * line_length >= worth_a_team)
    for (int64_t line = 0; line < shape.lines; line++) store(line, line_sum(shape, line, 0, pieces, term));
    return;
  }
  for (int64_t line = 0; line < shape.lines; line++) {
    double sums[parts];
#pragma omp parallel for schedule(static) firstprivate(shape, term) if (line_length >= worth_a_team)
    for (int64_t p = 0; p < parts; p++)
      sums[p] = line_sum(shape, line, pieces * p / parts, pieces * (p + 1) / parts, term);
    double total = 0;
    for (int64_t p = 0; p < parts; p++) total += sums[p];
    store(line, total);
  }
}

/// Long stretches of a row suit the memory (256 columns took a third longer); the sums of all parts take 128 KiB of
/// stack.
constexpr int64_t columns_at_once = 1024;

/// sums[c] = the sum of term(base + r * stride + c) over the rows.
template <class Term> inline void column_sums(double* sums, int64_t base, int64_t stride, int64_t first_row,
                                              int64_t last_row, int64_t width, Term term) {
  for (int64_t c = 0; c < width; c++) sums[c] = 0;
  int64_t r = first_row;
  for (; r + 4 <= last_row; r += 4) {  // four rows a visit spare three quarters of the traffic of the sums
    const int64_t i = base + r * stride;
#pragma omp simd
    for (int64_t c = 0; c < width; c++)
      sums[c] += double((term(i + c) + term(i + stride + c)) + (term(i + 2 * stride + c) + term(i + 3 * stride + c)));
  }
  for (; r < last_row; r++) {
    const int64_t i = base + r * stride;
#pragma omp simd
    for (int64_t c = 0; c < width; c++) sums[c] += double(term(i + c));
  }
}

/// Calls store(b * cols + c, the sum of term(index) down column c of table b).
template <class Term, class Store>
inline void sum_columns(int64_t tables, int64_t rows, int64_t cols, Term term, Store store) {
  const int64_t blocks = quotient_up(cols, columns_at_once);
  const bool large = tables * rows * cols >= worth_a_team;
  if (tables * blocks >= parts || rows < 4 * parts) {
#pragma omp parallel for collapse(2) schedule(static) firstprivate(term, store) if (large)
    for (int64_t table = 0; table < tables; table++)
      for (int64_t block = 0; block < blocks; block++) {
        const int64_t from = block * columns_at_once, width = least(columns_at_once, cols - from);
        double sums[columns_at_once];
        column_sums(sums, table * rows * cols + from, cols, 0, rows, width, term);
        for (int64_t c = 0; c < width; c++) store(table * cols + from + c, sums[c]);
      }
    return;
  }
  for (int64_t table = 0; table < tables; table++)
    for (int64_t from = 0; from < cols; from += columns_at_once) {
      const int64_t width = least(columns_at_once, cols - from);
      double sums[parts][columns_at_once];
#pragma omp parallel for schedule(static) firstprivate(term) if (large)
      for (int64_t p = 0; p < parts; p++)
        column_sums(sums[p], table * rows * cols + from, cols, rows * p / parts, rows * (p + 1) / parts, width, term);
      for (int64_t p = 1; p < parts; p++)
        for (int64_t c = 0; c < width; c++) sums[0][c] += sums[p][c];
      for (int64_t c = 0; c < width; c++) store(table * cols + from + c, sums[0][c]);
    }
}

}  // namespace gatun::GATUN_LEVEL
