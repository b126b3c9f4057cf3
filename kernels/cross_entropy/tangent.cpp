// The tangents of softmax-cross-entropy: with p the softmax of a row of logits and t its tangent, the loss moves by
// sum(p t) - t[target], and p by p (t - sum(p t)). Reads logits and tangents once from memory and once from cache.
#include "tangent.h"

#include "body.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> void tangent(Wide<T>* tloss, const T* logits, const T* tlogits, const int32_t* targets,
                                const Wide<T>* lse, int64_t counted, Rows shape) {
  const double sum = sum_over_rows(shape, [&](int64_t r) {
    const T *const row = logits + r * shape.stride, *const trow = tlogits + r * shape.stride;
    return targets[r] < 0 ? 0.0 : weighted(row, trow, shape.vocab, lse[r]).mean - double(widened(trow[targets[r]]));
  });
  *tloss = counted ? Wide<T>(sum / double(counted)) : Wide<T>(0);
}

template <class T> void pullback_tangent(T* tdlogits, double dloss, double tdloss, const T* logits, const T* tlogits,
                                         const int32_t* targets, const Wide<T>* lse, int64_t counted, Rows shape,
                                         bool fresh) {
  using W = Wide<T>;
  const double share = counted ? 1 / double(counted) : 0;
#pragma omp parallel for schedule(static) if (shape.rows * shape.stride >= worth_a_team)
  for (int64_t r = 0; r < shape.rows; r++) {
    T* const out = tdlogits + r * shape.stride;
    if (fresh) zero(out, shape.stride);
    if (targets[r] < 0) continue;
    const T *const row = logits + r * shape.stride, *const trow = tlogits ? tlogits + r * shape.stride : nullptr;
    const auto w = weighted(row, trow, shape.vocab, lse[r]);
    const W factor = W(dloss * share / w.sum), tfactor = W(tdloss * share / w.sum), mean = W(w.mean);
    const W top = lse[r];
    const auto moved = [=](int64_t j) {
      const W t = trow ? widened(trow[j]) : W(0);
      return widened(out[j]) + fast_exp(widened(row[j]) - top) * (tfactor + factor * (t - mean));
    };
    const W at_target = moved(targets[r]) - W(tdloss * share);
#pragma omp simd
    for (int64_t j = 0; j < shape.vocab; j++) out[j] = narrowed<T>(moved(j));
    out[targets[r]] = narrowed<T>(at_target);
  }
}

}  // namespace

void softmax_cross_entropy_tangent(gatun_stream&, void* tloss, const void* logits, const void* tlogits,
                                   const int32_t* targets, const void* lse, const int64_t* counted, int64_t rows,
                                   int64_t vocab, int64_t stride, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    tangent((W*)tloss, (const T*)logits, (const T*)tlogits, targets, (const W*)lse, *counted, {rows, vocab, stride});
  });
}

void softmax_cross_entropy_pullback_tangent(gatun_stream&, void* tdlogits, const void* dloss, const void* tdloss,
                                            const void* logits, const void* tlogits, const int32_t* targets,
                                            const void* lse, const int64_t* counted, int64_t rows, int64_t vocab,
                                            int64_t stride, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    pullback_tangent((T*)tdlogits, double(*(const W*)dloss), tdloss ? double(*(const W*)tdloss) : 0.0, (const T*)logits,
                     (const T*)tlogits, targets, (const W*)lse, *counted, {rows, vocab, stride}, is_fresh(fresh, 0));
  });
}

}  // namespace gatun::GATUN_LEVEL
