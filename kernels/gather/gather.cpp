// y[r] = table[indices[r]]; back, dtable[indices[r]] += dy[r] in the order of r. Bound by memory: reads and writes the
// rows named; a fresh pullback writes the whole table. Trap: two rows may name one table row, so threads share out the
// columns, never the rows; and a bf16 table row is to be rounded once, so the rows that name it are added up together.
#include <omp.h>

#include "loops.h"
#include "scratch.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> void forward(T* y, const T* table, const int32_t* indices, int64_t rows, int64_t cols) {
  in_runs(rows, cols, [=](int64_t r, int64_t from, int64_t to) {
    T* const y_row = y + r * cols;
    const T* const table_row = table + int64_t(indices[r]) * cols;
#pragma omp simd
    for (int64_t c = from; c < to; c++) put_copy<true>(y_row[c], table_row[c]);
  });
}

/// Rows are added one by one where a table row holds their sum as it is.
struct OneByOne {
  bool begins(int64_t) const { return true; }
  int64_t next(int64_t) const { return -1; }
};

/// The rows that name one table row, in their order: first[v], then the later one of each until that is -1.
struct Chains {
  const int32_t* indices;
  int64_t *first, *later;
  bool begins(int64_t r) const { return first[indices[r]] == r; }
  int64_t next(int64_t r) const { return later[r]; }
};

/// What `first` holds from before does no harm: of rows behind r, the one it should hold has been put there.
Chains chains_of(const int32_t* indices, int64_t rows, int64_t table_rows) {
  auto* const scratch = (int64_t*)team_scratch(1, (table_rows + rows) * int64_t(sizeof(int64_t)));
  const Chains chains{indices, scratch, scratch + table_rows};
  for (int64_t r = rows - 1; r >= 0; r--) {
    const int64_t later = chains.first[indices[r]];
    chains.later[r] = later > r && later < rows && indices[later] == indices[r] ? later : -1;
    chains.first[indices[r]] = r;
  }
  return chains;
}

template <class T> auto order_of(const int32_t* indices, int64_t rows, int64_t table_rows) {
  if constexpr (holds_wide<T>)
    return OneByOne{};
  else
    return chains_of(indices, rows, table_rows);
}

/// Columns met at once, at most.
constexpr int64_t strip = 1024;

/// Adds the columns from `from` to `to`, none of which another thread touches.
template <class T, class Order> void add_columns(T* dtable, const T* dy, const int32_t* indices, Order order,
                                                 int64_t rows, int64_t cols, int64_t from, int64_t to) {
  for (int64_t first = 0; first < rows; first++) {
    if (!order.begins(first)) continue;
    make_values<false, strip>(dtable + int64_t(indices[first]) * cols + from, to - from, [=](Wide<T>* sums) {
      for (int64_t r = first; r >= 0; r = order.next(r)) {
        const T* const dy_row = dy + r * cols + from;
#pragma omp simd
        for (int64_t c = 0; c < to - from; c++) sums[c] += widened(dy_row[c]);
      }
    });
  }
}

template <class T, class Order>
void add_rows(T* dtable, const T* dy, const int32_t* indices, Order order, int64_t rows, int64_t cols) {
  // Blocks are whole cache lines where rows are aligned to them.
  constexpr int64_t block = 64 / sizeof(T);
  const int64_t blocks = quotient_up(cols, block);
#pragma omp parallel if (rows * cols >= worth_a_team)
  {
    const int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    const int64_t from = blocks * thread / threads * block, to = least(cols, blocks * (thread + 1) / threads * block);
    for (int64_t at = from; at < to; at += strip)
      add_columns(dtable, dy, indices, order, rows, cols, at, least(to, at + strip));
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
    const auto order = order_of<T>(indices, rows, table_rows);
    if (is_fresh(fresh, 0)) zero((T*)dtable, table_rows * cols);
    add_rows((T*)dtable, (const T*)dy, indices, order, rows, cols);
  });
}

}  // namespace gatun::GATUN_LEVEL
