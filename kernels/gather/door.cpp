#include "door.h"

GATUN_BODY(gather_forward)
GATUN_BODY(gather_pullback)

using namespace gatun;

gatun_status gatun_gather_forward(gatun_stream* stream, void* y, const void* table, const int32_t* indices,
                                  int64_t rows, int64_t cols, int64_t table_rows, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"rows", rows}, {"cols", cols}, {"table_rows", table_rows}});
    arrays({{"y", y, {rows, cols}}, {"table", table, {table_rows, cols}}, {"indices", indices, rows}});
    in_range(stream, "indices", indices, rows, table_rows);
    run(stream, gather_forward, y, table, indices, rows, cols, table_rows, dtype);
  });
}

gatun_status gatun_gather_pullback(gatun_stream* stream, void* dtable, const void* dy, const int32_t* indices,
                                   int64_t rows, int64_t cols, int64_t table_rows, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"rows", rows}, {"cols", cols}, {"table_rows", table_rows}});
    arrays({{"dtable", dtable, {table_rows, cols}}, {"dy", dy, {rows, cols}}, {"indices", indices, rows}});
    in_range(stream, "indices", indices, rows, table_rows);
    run(stream, gather_pullback, dtable, dy, indices, rows, cols, table_rows, fresh, dtype);
  });
}
