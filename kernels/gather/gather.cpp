// y[r] = table[indices[r]]; back, dtable[indices[r]] += dy[r] in the order of r. Bound by memory: reads and writes the
// rows named; a fresh pullback writes the whole table. Trap: two rows may name one table row, so threads share out the
// columns, never the rows.
#include <omp.h>

#include "loops.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> void forward(T* y, const T* table, const int32_t* indices, int64_t rows, int64_t cols) {
  in_runs(rows, cols, [=](int64_t r, int64_t from, int64_t to) {
    T* const y_row = y + r * cols;
    const T* const table_row = table + int64_t(indices[r]) * cols;
#pragma omp simd
    for (int64_t c = from; c < to; c++) y_row[c] = table_row[c];
  });
}

/// Adds the columns from `from` to `to`, none of which another thread touches.
template <class T>
void add_columns(T* dtable, const T* dy, const int32_t* indices, int64_t rows, int64_t cols, int64_t from, int64_t to) {
  for (int64_t r = 0; r < rows; r++) {
    T* const table_row = dtable + int64_t(indices[r]) * cols;
    const T* const dy_row = dy + r * cols;
#pragma omp simd
    for (int64_t c = from; c < to; c++) table_row[c] += dy_row[c];
  }
}

template <class T> void add_rows(T* dtable, const T* dy, const int32_t* indices, int64_t rows, int64_t cols) {
  // Blocks are whole cache lines where rows are aligned to them.
  constexpr int64_t block = 64 / sizeof(T);
  const int64_t blocks = quotient_up(cols, block);
#pragma omp parallel if (rows * cols >= worth_a_team)
  {
    const int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    const int64_t from = blocks * thread / threads * block, to = blocks * (thread + 1) / threads * block;
    add_columns(dtable, dy, indices, rows, cols, from, least(cols, to));
  }
}

template <class T> void zero(T* x, int64_t n) {
  in_pieces(n, [=](int64_t from, int64_t to) { memset(x + from, 0, (to - from) * sizeof(T)); });
}

}  // namespace

void gather_forward(gatun_stream&, void* y, const void* table, const int32_t* indices, int64_t rows, int64_t cols,
                    int64_t, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    forward((T*)y, (const T*)table, indices, rows, cols);
  });
}

void gather_pullback(gatun_stream&, void* dtable, const void* dy, const int32_t* indices, int64_t rows, int64_t cols,
                     int64_t table_rows, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    if (is_fresh(fresh, 0)) zero((T*)dtable, table_rows * cols);
    add_rows((T*)dtable, (const T*)dy, indices, rows, cols);
  });
}

}  // namespace gatun::GATUN_LEVEL
