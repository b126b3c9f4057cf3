// The tangents of softmax-cross-entropy: with p the softmax of a row of logits and t its tangent, the loss moves by
// sum(p t) - t[target], and p by p (t - sum(p t)). Reads logits and tangents once from memory and once from cache.
#include "tangent.h"

#include "body.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> void tangent(T* tloss, const T* logits, const T* tlogits, const int32_t* targets, const T* lse,
                                int64_t counted, Rows shape) {
  const double sum = sum_over_rows(shape, [&](int64_t r) {
    const T *const row = logits + r * shape.stride, *const trow = tlogits + r * shape.stride;
    return targets[r] < 0 ? 0.0 : weighted(row, trow, shape.vocab, lse[r]).mean - double(trow[targets[r]]);
  });
  *tloss = counted ? T(sum / double(counted)) : T(0);
}

template <class T> void pullback_tangent(T* tdlogits, double dloss, double tdloss, const T* logits, const T* tlogits,
                                         const int32_t* targets, const T* lse, int64_t counted, Rows shape,
                                         bool fresh) {
  const double share = counted ? 1 / double(counted) : 0;
#pragma omp parallel for schedule(static) if (shape.rows * shape.stride >= worth_a_team)
  for (int64_t r = 0; r < shape.rows; r++) {
    T* const out = tdlogits + r * shape.stride;
    if (fresh) zero(out, shape.stride);
    if (targets[r] < 0) continue;
    const T *const row = logits + r * shape.stride, *const trow = tlogits ? tlogits + r * shape.stride : nullptr;
    const auto w = weighted(row, trow, shape.vocab, lse[r]);
    const T factor = T(dloss * share / w.sum), tfactor = T(tdloss * share / w.sum), mean = T(w.mean);
    const T top = lse[r];
#pragma omp simd
    for (int64_t j = 0; j < shape.vocab; j++)
      out[j] += fast_exp(row[j] - top) * (tfactor + factor * ((trow ? trow[j] : T(0)) - mean));
    out[targets[r]] -= T(tdloss * share);
  }
}

}  // namespace

void softmax_cross_entropy_tangent(gatun_stream&, void* tloss, const void* logits, const void* tlogits,
                                   const int32_t* targets, const void* lse, const int64_t* counted, int64_t rows,
                                   int64_t vocab, int64_t stride, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    tangent((T*)tloss, (const T*)logits, (const T*)tlogits, targets, (const T*)lse, *counted, {rows, vocab, stride});
  });
}

void softmax_cross_entropy_pullback_tangent(gatun_stream&, void* tdlogits, const void* dloss, const void* tdloss,
                                            const void* logits, const void* tlogits, const int32_t* targets,
                                            const void* lse, const int64_t* counted, int64_t rows, int64_t vocab,
                                            int64_t stride, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    pullback_tangent((T*)tdlogits, double(*(const T*)dloss), tdloss ? double(*(const T*)tdloss) : 0.0, (const T*)logits,
                     (const T*)tlogits, targets, (const T*)lse, *counted, {rows, vocab, stride}, is_fresh(fresh, 0));
  });
}

}  // namespace gatun::GATUN_LEVEL
