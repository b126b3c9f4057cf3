// y[o,j,i] = x[o,start+j,i] for j < count. Bound by memory: reads and writes the slice; a fresh pullback writes all of
// dx. For each o the slice is one stretch of count*inner elements.
#include "loops.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> void pullback_fresh(T* dx, const T* dy, int64_t outer, int64_t row, int64_t begin, int64_t end) {
  in_runs(outer, row, [=](int64_t o, int64_t from, int64_t to) {
    T* const dx_row = dx + o * row;
    const T* const dy_row = dy + o * (end - begin) - begin;
    int64_t i = from;
    for (; i < least(begin, to); i++) dx_row[i] = T{};
    for (; i < least(end, to); i++) put_copy<true>(dx_row[i], dy_row[i]);
    for (; i < to; i++) dx_row[i] = T{};
  });
}

}  // namespace

void slice_forward(gatun_stream&, void* y, const void* x, int64_t outer, int64_t length, int64_t inner, int64_t start,
                   int64_t count, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    put_runs<true>((T*)y, count * inner, (const T*)x + start * inner, length * inner, outer, count * inner);
  });
}

void slice_pullback(gatun_stream&, void* dx, const void* dy, int64_t outer, int64_t length, int64_t inner,
                    int64_t start, int64_t count, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    if (is_fresh(fresh, 0))
      pullback_fresh((T*)dx, (const T*)dy, outer, length * inner, start * inner, (start + count) * inner);
    else
      put_runs<false>((T*)dx + start * inner, length * inner, (const T*)dy, count * inner, outer, count * inner);
  });
}

}  // namespace gatun::GATUN_LEVEL
