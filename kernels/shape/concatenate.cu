// y[o] = a[o] followed by b[o]. Bound by memory: each element is read and written once. Both parts of a row are one
// stretch each.
#include "loops.cuh"

namespace gatun {

void concatenate_forward(gatun_stream& stream, void* y, const void* a, const void* b, int64_t outer, int64_t a_count,
                         int64_t b_count, int64_t inner, gatun_dtype dtype) {
  const int64_t a_run = a_count * inner, b_run = b_count * inner, row = a_run + b_run;
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    loops::put_runs(stream, (T*)y, row, (const T*)a, a_run, outer, a_run, true);
    loops::put_runs(stream, (T*)y + a_run, row, (const T*)b, b_run, outer, b_run, true);
  });
}

void concatenate_pullback(gatun_stream& stream, void* da, void* db, const void* dy, int64_t outer, int64_t a_count,
                          int64_t b_count, int64_t inner, int32_t fresh, gatun_dtype dtype) {
  const int64_t a_run = a_count * inner, b_run = b_count * inner, row = a_run + b_run;
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    if (da) loops::put_runs(stream, (T*)da, a_run, (const T*)dy, row, outer, a_run, is_fresh(fresh, 0));
    if (db) loops::put_runs(stream, (T*)db, b_run, (const T*)dy + a_run, row, outer, b_run, is_fresh(fresh, 1));
  });
}

}  // namespace gatun
