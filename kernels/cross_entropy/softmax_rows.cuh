// What rows.cuh does to rows of logits, for the plain cross-entropy and for the head: cross_entropy.cu compiles it for
// both.
#pragma once
#include "device.cuh"

namespace gatun::softmax_rows {

/// How many targets are not left out.
void count_targets(gatun_stream& stream, int64_t* counted, const int32_t* targets, int64_t rows, int64_t vocab);

/// losses[r] = lse[r] - logit of the target, 0 where it is left out. With `gradient_over_logits` the logits become
/// (softmax - one-hot) / counted, and 0 behind `vocab`.
template <class T> void forward(gatun_stream& stream, T* logits, Wide<T>* losses, Wide<T>* lse, const int32_t* targets,
                                const int64_t* counted, int64_t rows, int64_t vocab, int64_t stride,
                                bool gradient_over_logits);

/// The mean of the losses of the rows that count; 0 where none does.
template <class W>
void mean_of_rows(gatun_stream& stream, W* loss, const W* losses, const int64_t* counted, int64_t rows);

/// dlogits (+)= dloss / counted * (softmax - one-hot); dlogits may be logits.
template <class T> void gradient(gatun_stream& stream, T* dlogits, const T* logits, const int32_t* targets,
                                 const Wide<T>* dloss, const int64_t* counted, int64_t rows, int64_t vocab,
                                 int64_t stride, bool fresh);

}  // namespace gatun::softmax_rows
