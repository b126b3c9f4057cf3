// loss = mean of (prediction - target)^2; dprediction = 2 dloss / n (prediction - target) and dtarget its opposite.
// Bound by memory: reads 2n; the pullback reads 2n and writes up to 2n.
#include "loops.h"
#include "sums.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> void forward(Wide<T>* loss, const T* prediction, const T* target, int64_t n) {
  const auto term = [=](int64_t i) {
    const Wide<T> difference = widened(prediction[i]) - widened(target[i]);
    return difference * difference;
  };
  sum_lines({1, n, 1, n, n}, term, [=](int64_t, double sum) { *loss = Wide<T>(sum / double(n)); });
}

/// Null tangents are zero.
template <class T>
void tangent(Wide<T>* tloss, const T* prediction, const T* tprediction, const T* target, const T* ttarget, int64_t n) {
  const auto term = [=](int64_t i) {
    const Wide<T> moved = tprediction ? widened(tprediction[i]) : 0, target_moved = ttarget ? widened(ttarget[i]) : 0;
    return 2 * (widened(prediction[i]) - widened(target[i])) * (moved - target_moved);
  };
  sum_lines({1, n, 1, n, n}, term, [=](int64_t, double sum) { *tloss = Wide<T>(sum / double(n)); });
}

/// d = rate * (a - b).
template <bool fresh, class T> void put_difference(T* d, Wide<T> rate, const T* a, const T* b, int64_t n) {
  in_pieces(n, [=](int64_t from, int64_t to) {
#pragma omp simd
    for (int64_t i = from; i < to; i++) put<fresh>(d[i], rate * (widened(a[i]) - widened(b[i])));
  });
}

}  // namespace

void squared_error_forward(gatun_stream&, gatun_wide* loss, const void* prediction, const void* target, int64_t n,
                           gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    forward((Wide<T>*)loss, (const T*)prediction, (const T*)target, n);
  });
}

void squared_error_pullback(gatun_stream&, void* dprediction, void* dtarget, const gatun_wide* dloss,
                            const void* prediction, const void* target, int64_t n, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    const Wide<T> rate = Wide<T>(2 * double(*(const Wide<T>*)dloss) / double(n));
    if (dprediction)
      by_truth(is_fresh(fresh, 0), [&](auto f) {
        put_difference<f.value>((T*)dprediction, rate, (const T*)prediction, (const T*)target, n);
      });
    if (dtarget)
      by_truth(is_fresh(fresh, 1),
               [&](auto f) { put_difference<f.value>((T*)dtarget, rate, (const T*)target, (const T*)prediction, n); });
  });
}

void squared_error_tangent(gatun_stream&, gatun_wide* tloss, const void* prediction, const void* tprediction,
                           const void* target, const void* ttarget, int64_t n, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    tangent((Wide<T>*)tloss, (const T*)prediction, (const T*)tprediction, (const T*)target, (const T*)ttarget, n);
  });
}

}  // namespace gatun::GATUN_LEVEL
