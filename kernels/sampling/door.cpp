#include "door.h"

GATUN_BODY(sample_categorical)

using namespace gatun;

gatun_status gatun_sample_categorical(gatun_stream* stream, int32_t* labels, int64_t* counted, const void* logits,
                                      const int32_t* targets, const int64_t* key, int64_t first, int64_t rows,
                                      int64_t vocab, int64_t stride, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    not_negative({{"first", first}});
    sizes({{"rows", rows}, {"stride", stride}});
    positive({{"vocab", vocab}});
    require(stride >= vocab, "stride is ", stride, ", less than the ", vocab, " logits of vocab");
    require(vocab <= INT32_MAX, "vocab is ", vocab, "; labels are below 2^31");
    require(first <= INT64_MAX - rows, "first + rows is above 2^63 - 1: first is ", first, ", rows is ", rows);
    arrays({{"labels", labels, rows}, {"logits", logits, {rows, stride}}, {"key", key, 2}});
    if (targets) in_range(stream, "targets", targets, rows, vocab, true);
    run(stream, sample_categorical, labels, counted, logits, targets, key, first, rows, vocab, stride, dtype);
  });
}
