#include "door.h"

GATUN_BODY(transpose_forward)
GATUN_BODY(transpose_pullback)
GATUN_BODY(slice_forward)
GATUN_BODY(slice_pullback)
GATUN_BODY(concatenate_forward)
GATUN_BODY(concatenate_pullback)

using namespace gatun;

namespace {

void check_slice(int64_t outer, int64_t length, int64_t inner, int64_t start, int64_t count) {
  sizes({{"outer", outer}, {"length", length}, {"inner", inner}, {"start", start}, {"count", count}});
  require(start <= length && count <= length - start, "start is ", start, " and count is ", count,
          ", but length is only ", length);
}

}  // namespace

gatun_status gatun_transpose_forward(gatun_stream* stream, void* y, const void* x, int64_t batch, int64_t rows,
                                     int64_t cols, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"batch", batch}, {"rows", rows}, {"cols", cols}});
    arrays({{"y", y, {batch, rows, cols}}, {"x", x, {batch, rows, cols}}});
    run(stream, transpose_forward, y, x, batch, rows, cols, dtype);
  });
}

gatun_status gatun_transpose_pullback(gatun_stream* stream, void* dx, const void* dy, int64_t batch, int64_t rows,
                                      int64_t cols, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"batch", batch}, {"rows", rows}, {"cols", cols}});
    arrays({{"dx", dx, {batch, rows, cols}}, {"dy", dy, {batch, rows, cols}}});
    run(stream, transpose_pullback, dx, dy, batch, rows, cols, fresh, dtype);
  });
}

gatun_status gatun_slice_forward(gatun_stream* stream, void* y, const void* x, int64_t outer, int64_t length,
                                 int64_t inner, int64_t start, int64_t count, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_slice(outer, length, inner, start, count);
    arrays({{"y", y, {outer, count, inner}}, {"x", x, {outer, length, inner}}});
    run(stream, slice_forward, y, x, outer, length, inner, start, count, dtype);
  });
}

gatun_status gatun_slice_pullback(gatun_stream* stream, void* dx, const void* dy, int64_t outer, int64_t length,
                                  int64_t inner, int64_t start, int64_t count, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_slice(outer, length, inner, start, count);
    arrays({{"dx", dx, {outer, length, inner}}, {"dy", dy, {outer, count, inner}}});
    run(stream, slice_pullback, dx, dy, outer, length, inner, start, count, fresh, dtype);
  });
}

gatun_status gatun_concatenate_forward(gatun_stream* stream, void* y, const void* a, const void* b, int64_t outer,
                                       int64_t a_count, int64_t b_count, int64_t inner, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"outer", outer}, {"a_count", a_count}, {"b_count", b_count}, {"inner", inner}});
    arrays({{"y", y, {outer, a_count + b_count, inner}}});
    arrays({{"a", a, {outer, a_count, inner}}, {"b", b, {outer, b_count, inner}}});
    run(stream, concatenate_forward, y, a, b, outer, a_count, b_count, inner, dtype);
  });
}

gatun_status gatun_concatenate_pullback(gatun_stream* stream, void* da, void* db, const void* dy, int64_t outer,
                                        int64_t a_count, int64_t b_count, int64_t inner, int32_t fresh,
                                        gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"outer", outer}, {"a_count", a_count}, {"b_count", b_count}, {"inner", inner}});
    arrays({{"dy", dy, {outer, a_count + b_count, inner}}});
    run(stream, concatenate_pullback, da, db, dy, outer, a_count, b_count, inner, fresh, dtype);
  });
}
