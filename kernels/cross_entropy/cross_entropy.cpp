// loss = mean of log-sum-exp(row) - row[target] over the rows that count; dlogits = dloss / counted * (softmax -
// one-hot). Reads the logits once from memory and once from cache; the pullback reads and writes them. Trap: with no
// row that counts, loss and gradient are 0, not 0 / 0.
#include "body.h"
#include "softmax.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T>
void forward(Wide<T>* loss, Wide<T>* lse, int64_t* counted, const T* logits, const int32_t* targets, Rows shape) {
  using W = Wide<T>;
  const double sum = sum_over_rows(shape, [&](int64_t r) {
    const T* const row = logits + r * shape.stride;
    const W top = largest(row, shape.vocab);
    const double log_sum = log(sum_of_exponentials((W*)nullptr, row, shape.vocab, top));
    lse[r] = W(double(top) + log_sum);
    return targets[r] < 0 ? 0.0 : double(top) - double(widened(row[targets[r]])) + log_sum;
  });
  *counted = count_targets(targets, shape.rows);
  *loss = *counted ? W(sum / double(*counted)) : W(0);
}

template <class T> void pullback(T* dlogits, Wide<T> dloss, const T* logits, const int32_t* targets, const Wide<T>* lse,
                                 int64_t counted, Rows shape, bool fresh) {
  const Wide<T> factor = counted ? dloss / Wide<T>(counted) : Wide<T>(0);
#pragma omp parallel for schedule(static) if (shape.rows * shape.stride >= worth_a_team)
  for (int64_t r = 0; r < shape.rows; r++) {
    T* const row = dlogits + r * shape.stride;
    if (targets[r] >= 0)
      softmax_gradient(row, logits + r * shape.stride, shape.vocab, lse[r], targets[r], factor, fresh);
    if (fresh) {
      const int64_t gradients = targets[r] >= 0 ? shape.vocab : 0;
      zero(row + gradients, shape.stride - gradients);
    }
  }
}

}  // namespace

void softmax_cross_entropy_forward(gatun_stream&, void* loss, void* lse, int64_t* counted, const void* logits,
                                   const int32_t* targets, int64_t rows, int64_t vocab, int64_t stride,
                                   gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    forward((W*)loss, (W*)lse, counted, (const T*)logits, targets, {rows, vocab, stride});
  });
}

void softmax_cross_entropy_pullback(gatun_stream&, void* dlogits, const void* dloss, const void* logits,
                                    const int32_t* targets, const void* lse, const int64_t* counted, int64_t rows,
                                    int64_t vocab, int64_t stride, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    pullback((T*)dlogits, *(const W*)dloss, (const T*)logits, targets, (const W*)lse, *counted, {rows, vocab, stride},
             is_fresh(fresh, 0));
  });
}

}  // namespace gatun::GATUN_LEVEL
