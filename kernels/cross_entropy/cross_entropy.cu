// loss = mean of log-sum-exp(row) - row[target] over the rows that count; dlogits = dloss / counted * (softmax -
// one-hot).
#include "rows.cuh"

namespace gatun {

// For head_loss.cu too.
#define GATUN_SOFTMAX_OF(T)                                                                                           \
  template void softmax_rows::forward(gatun_stream&, T*, Wide<T>*, Wide<T>*, const int32_t*, const int64_t*, int64_t, \
                                      int64_t, int64_t, bool);                                                        \
  template void softmax_rows::gradient(gatun_stream&, T*, const T*, const int32_t*, const Wide<T>*, const int64_t*,   \
                                       int64_t, int64_t, int64_t, bool);
GATUN_SOFTMAX_OF(float)
GATUN_SOFTMAX_OF(double)
GATUN_SOFTMAX_OF(bf16)
template void softmax_rows::mean_of_rows(gatun_stream&, float*, const float*, const int64_t*, int64_t);
template void softmax_rows::mean_of_rows(gatun_stream&, double*, const double*, const int64_t*, int64_t);

void softmax_cross_entropy_forward(gatun_stream& stream, void* loss, void* lse, int64_t* counted, const void* logits,
                                   const int32_t* targets, int64_t rows, int64_t vocab, int64_t stride,
                                   gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const int64_t bytes = rows * static_cast<int64_t>(sizeof(W));
    W* const losses = reinterpret_cast<W*>(stream.workspace.at_least(bytes));
    softmax_rows::count_targets(stream, counted, targets, rows, vocab);
    // Without a gradient the logits are only read.
    softmax_rows::forward<T>(stream, (T*)const_cast<void*>(logits), losses, (W*)lse, targets, counted, rows, vocab,
                             stride, false);
    softmax_rows::mean_of_rows<W>(stream, (W*)loss, losses, counted, rows);
  });
}

void softmax_cross_entropy_pullback(gatun_stream& stream, void* dlogits, const void* dloss, const void* logits,
                                    const int32_t* targets, const void*, const int64_t* counted, int64_t rows,
                                    int64_t vocab, int64_t stride, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    softmax_rows::gradient<T>(stream, (T*)dlogits, (const T*)logits, targets, (const Wide<T>*)dloss, counted, rows,
                              vocab, stride, is_fresh(fresh, 0));
  });
}

}  // namespace gatun
