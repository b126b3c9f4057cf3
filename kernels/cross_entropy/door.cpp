#include "door.h"

GATUN_BODY(softmax_cross_entropy_forward)
GATUN_BODY(softmax_cross_entropy_pullback)
GATUN_BODY(softmax_cross_entropy_tangent)
GATUN_BODY(softmax_cross_entropy_pullback_tangent)

using namespace gatun;

namespace {

void check_rows(int64_t rows, int64_t vocab, int64_t stride) {
  sizes({{"rows", rows}, {"stride", stride}});
  positive({{"vocab", vocab}});
  require(stride >= vocab, "stride is ", stride, ", less than the ", vocab, " logits of vocab");
}

}  // namespace

gatun_status gatun_softmax_cross_entropy_forward(gatun_stream* stream, void* loss, void* lse, int64_t* counted,
                                                 const void* logits, const int32_t* targets, int64_t rows,
                                                 int64_t vocab, int64_t stride, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_rows(rows, vocab, stride);
    arrays({{"loss", loss, 1}, {"lse", lse, rows}, {"counted", counted, 1}});
    arrays({{"logits", logits, {rows, stride}}, {"targets", targets, rows}});
    in_range(stream, "targets", targets, rows, vocab, true);
    run(stream, softmax_cross_entropy_forward, loss, lse, counted, logits, targets, rows, vocab, stride, dtype);
  });
}

gatun_status gatun_softmax_cross_entropy_pullback(gatun_stream* stream, void* dlogits, const void* dloss,
                                                  const void* logits, const int32_t* targets, const void* lse,
                                                  const int64_t* counted, int64_t rows, int64_t vocab, int64_t stride,
                                                  int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_rows(rows, vocab, stride);
    arrays({{"dlogits", dlogits, {rows, stride}}, {"dloss", dloss, 1}, {"logits", logits, {rows, stride}}});
    arrays({{"targets", targets, rows}, {"lse", lse, rows}, {"counted", counted, 1}});
    in_range(stream, "targets", targets, rows, vocab, true);
    run(stream, softmax_cross_entropy_pullback, dlogits, dloss, logits, targets, lse, counted, rows, vocab, stride,
        fresh, dtype);
  });
}

gatun_status gatun_softmax_cross_entropy_tangent(gatun_stream* stream, void* tloss, const void* logits,
                                                 const void* tlogits, const int32_t* targets, const void* lse,
                                                 const int64_t* counted, int64_t rows, int64_t vocab, int64_t stride,
                                                 gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_rows(rows, vocab, stride);
    arrays({{"tloss", tloss, 1}, {"logits", logits, {rows, stride}}});
    arrays({{"tlogits", tlogits, {rows, stride}}, {"targets", targets, rows}, {"lse", lse, rows}});
    arrays({{"counted", counted, 1}});
    in_range(stream, "targets", targets, rows, vocab, true);
    run(stream, softmax_cross_entropy_tangent, tloss, logits, tlogits, targets, lse, counted, rows, vocab, stride,
        dtype);
  });
}

gatun_status gatun_softmax_cross_entropy_pullback_tangent(gatun_stream* stream, void* tdlogits, const void* dloss,
                                                          const void* tdloss, const void* logits, const void* tlogits,
                                                          const int32_t* targets, const void* lse,
                                                          const int64_t* counted, int64_t rows, int64_t vocab,
                                                          int64_t stride, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_rows(rows, vocab, stride);
    arrays({{"tdlogits", tdlogits, {rows, stride}}, {"dloss", dloss, 1}, {"logits", logits, {rows, stride}}});
    arrays({{"targets", targets, rows}, {"lse", lse, rows}, {"counted", counted, 1}});
    in_range(stream, "targets", targets, rows, vocab, true);
    run(stream, softmax_cross_entropy_pullback_tangent, tdlogits, dloss, tdloss, logits, tlogits, targets, lse, counted,
        rows, vocab, stride, fresh, dtype);
  });
}
