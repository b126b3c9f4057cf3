// y[r] = table[indices[r]]; back, dtable[indices[r]] += dy[r] in the order of r. Bound by memory: reads and writes the
// rows named; a fresh pullback writes the whole table.
#include "rows_by_index.cuh"

namespace gatun {

void gather_forward(gatun_stream& stream, void* y, const void* table, const int32_t* indices, int64_t rows,
                    int64_t cols, int64_t table_rows, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    rows_by_index::lookup<false, T>(
        stream, {(T*)y, (const T*)table, nullptr, indices, nullptr, rows, cols, table_rows, 1, 0, 0, 0});
  });
}

void gather_pullback(gatun_stream& stream, void* dtable, const void* dy, const int32_t* indices, int64_t rows,
                     int64_t cols, int64_t table_rows, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    rows_by_index::add(stream, (T*)dtable, (const T*)dy, indices, rows, cols, table_rows, is_fresh(fresh, 0));
  });
}

}  // namespace gatun
