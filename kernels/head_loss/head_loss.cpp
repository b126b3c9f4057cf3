// The cross-entropy of the logits x table^T, some rows at a time. 2 * rows * cols * vocab FLOPs, and twice that in the
// pullback, or three times where the logits are computed again. Where the gradient is kept and T would round
// exponentials, a thread holds those of a row apart: computing them twice takes longer.
#include <omp.h>

#include "head.h"
#include "scratch.h"

namespace gatun::GATUN_LEVEL {
namespace {

/// Makes a row of logits (softmax - one-hot) / counted; answers with its lse less `top`. The exponentials may be the
/// row.
template <class T>
double replace_by_gradient(T* row, Wide<T>* exponentials, int64_t vocab, Wide<T> top, int32_t target, int64_t counted) {
  using W = Wide<T>;
  const W logit = target < 0 ? top : widened(row[target]);
  const double sum = sum_of_exponentials(exponentials, row, vocab, top);
  if (target < 0) {
    zero(row, vocab);
    return log(sum);
  }
  const W share = W(1 / (sum * double(counted)));
#pragma omp simd
  for (int64_t i = 0; i < vocab; i++) row[i] = narrowed<T>(exponentials[i] * share);
  row[target] = narrowed<T>(W((double(fast_exp(logit - top)) / sum - 1) / double(counted)));
  return log(sum);
}

/// The sum of the losses of these rows; `keep` leaves their gradients in the logits. `room` is a row for each thread,
/// or null where the logits hold exponentials.
template <class T> double sum_of_losses(Wide<T>* lse, T* logits, Wide<T>* room, const int32_t* targets, int64_t counted,
                                        Head head, bool keep) {
  using W = Wide<T>;
  return sum_over_rows({head.rows, head.vocab, head.stride}, [&](int64_t r) {
    T* const row = logits + r * head.stride;
    W* const exponentials = room ? room + omp_get_thread_num() * head.stride : unrounded(row);
    const W top = largest(row, head.vocab);
    const double above = targets[r] < 0 ? 0 : double(top) - double(widened(row[targets[r]]));
    const double log_sum = keep ? replace_by_gradient(row, exponentials, head.vocab, top, targets[r], counted)
                                : log(sum_of_exponentials((W*)nullptr, row, head.vocab, top));
    lse[r] = W(double(top) + log_sum);
    return targets[r] < 0 ? 0.0 : above + log_sum;
  });
}

template <class T> void forward(Wide<T>* loss, Wide<T>* lse, int64_t* counted, T* logits, const T* x, const T* table,
                                const int32_t* targets, int64_t chunk, bool keep, Head head) {
  using W = Wide<T>;
  const bool apart = keep && !holds_wide<T>;
  W* const room = apart ? (W*)team_scratch(omp_get_max_threads(), head.stride * int64_t(sizeof(W))) : nullptr;
  *counted = count_targets(targets, head.rows);
  double sum = 0;
  for (int64_t r = 0; r < head.rows; r += chunk) {
    const Head part = head.part(r, chunk);
    compute_logits(logits, x + r * head.cols, table, part);
    sum += sum_of_losses(lse + r, logits, room, targets + r, *counted, part, keep);
  }
  *loss = *counted ? W(sum / double(*counted)) : W(0);
}

template <class T> void pullback(T* scratch, T* dx, Wide<T>* dtable, double dloss, const T* kept, const T* x,
                                 const T* table, const int32_t* targets, const Wide<T>* lse, int64_t counted,
                                 int64_t chunk, bool fresh_x, bool fresh_table, Head head) {
  if (dtable && fresh_table) zero(dtable + head.vocab * head.cols, (head.stride - head.vocab) * head.cols);
  if (kept || head.rows == 0) return multiply_gradient(dx, dtable, kept, x, table, dloss, !fresh_x, !fresh_table, head);
  const Wide<T> factor = counted ? Wide<T>(dloss / double(counted)) : Wide<T>(0);
  for (int64_t r = 0; r < head.rows; r += chunk) {
    const Head part = head.part(r, chunk);
    compute_logits(scratch, x + r * head.cols, table, part);
    gradients_of_rows(scratch, targets + r, lse + r, factor, part);
    multiply_gradient(dx ? dx + r * head.cols : dx, dtable, scratch, x + r * head.cols, table, 1, !fresh_x,
                      !fresh_table || r > 0, part);
  }
}

}  // namespace

void head_loss_forward(gatun_stream&, void* loss, void* lse, int64_t* counted, void* logits, const void* x,
                       const void* table, const int32_t* targets, int64_t rows, int64_t cols, int64_t vocab,
                       int64_t stride, int64_t chunk, int32_t keep_gradient, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    forward((W*)loss, (W*)lse, counted, (T*)logits, (const T*)x, (const T*)table, targets, chunk, keep_gradient,
            {rows, cols, vocab, stride, dtype});
  });
}

void head_loss_pullback(gatun_stream&, void* scratch, void* dx, void* dtable, const void* dloss, const void* kept,
                        const void* x, const void* table, const int32_t* targets, const void* lse,
                        const int64_t* counted, int64_t rows, int64_t cols, int64_t vocab, int64_t stride,
                        int64_t chunk, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    pullback((T*)scratch, (T*)dx, (W*)dtable, double(*(const W*)dloss), (const T*)kept, (const T*)x, (const T*)table,
             targets, (const W*)lse, *counted, chunk, is_fresh(fresh, 0), is_fresh(fresh, 1),
             {rows, cols, vocab, stride, dtype});
  });
}

}  // namespace gatun::GATUN_LEVEL
