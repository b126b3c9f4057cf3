// y[o,i] = the sum or mean over m of x[o,m,i]; back, dx[o,m,i] = dy[o,i]. Bound by memory: one pass over the large
// array. Trap: along the innermost axis (inner = 1) lines are summed, else columns, or each element would fetch a line.
#include "loops.h"
#include "sums.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> void forward(T* y, const T* x, int64_t outer, int64_t middle, int64_t inner, double divisor) {
  const auto term = [=](int64_t i) { return widened(x[i]); };
  const auto store = [=](int64_t i, double sum) { y[i] = narrowed<T>(Wide<T>(sum / divisor)); };
  if (inner == 1)
    sum_lines({outer, middle, 1, 0, middle}, term, store);
  else
    sum_columns(outer, middle, inner, term, store);
}

template <bool fresh, class T>
void pullback(T* dx, const T* dy, int64_t outer, int64_t middle, int64_t inner, Wide<T> divisor) {
  if (inner == 1)
    in_runs(outer, middle, [=](int64_t o, int64_t from, int64_t to) {
      const Wide<T> value = widened(dy[o]) / divisor;
      T* const run = dx + o * middle;
#pragma omp simd
      for (int64_t m = from; m < to; m++) put<fresh>(run[m], value);
    });
  else
    in_runs(outer * middle, inner, [=](int64_t run, int64_t from, int64_t to) {
      const T* const dy_run = dy + run / middle * inner;
      T* const dx_run = dx + run * inner;
#pragma omp simd
      for (int64_t i = from; i < to; i++) put<fresh>(dx_run[i], widened(dy_run[i]) / divisor);
    });
}

}  // namespace

void reduce_forward(gatun_stream&, void* y, const void* x, int64_t outer, int64_t middle, int64_t inner,
                    gatun_reduction kind, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    forward((T*)y, (const T*)x, outer, middle, inner, kind == GATUN_MEAN ? double(middle) : 1.0);
  });
}

void reduce_pullback(gatun_stream&, void* dx, const void* dy, int64_t outer, int64_t middle, int64_t inner,
                     gatun_reduction kind, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    by_truth(is_fresh(fresh, 0), [&](auto fresh_dx) {
      pullback<fresh_dx.value>((T*)dx, (const T*)dy, outer, middle, inner,
                               kind == GATUN_MEAN ? Wide<T>(middle) : Wide<T>(1));
    });
  });
}

}  // namespace gatun::GATUN_LEVEL
