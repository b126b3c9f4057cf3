#include "door.h"

GATUN_BODY(head_loss_forward)
GATUN_BODY(head_loss_pullback)
GATUN_BODY(head_loss_tangent)
GATUN_BODY(head_loss_pullback_tangent)

using namespace gatun;

namespace {

void check_sizes(int64_t rows, int64_t cols, int64_t vocab, int64_t stride) {
  sizes({{"rows", rows}, {"stride", stride}});
  positive({{"cols", cols}, {"vocab", vocab}});
  require(stride >= vocab, "stride is ", stride, ", less than the ", vocab, " rows of vocab");
}

void check_chunk(int64_t rows, int64_t chunk) {
  sizes({{"chunk", chunk}});
  require(rows == 0 || chunk > 0, "chunk is 0, but there are ", rows, " rows");
  require(chunk <= rows, "chunk is ", chunk, ", but there are only ", rows, " rows");
}

}  // namespace

gatun_status gatun_head_loss_forward(gatun_stream* stream, void* loss, void* lse, int64_t* counted, void* logits,
                                     const void* x, const void* table, const int32_t* targets, int64_t rows,
                                     int64_t cols, int64_t vocab, int64_t stride, int64_t chunk, int32_t keep_gradient,
                                     gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_sizes(rows, cols, vocab, stride);
    check_chunk(rows, chunk);
    one_of("keep_gradient", keep_gradient, 2);
    require(!keep_gradient || chunk == rows, "to keep the gradient chunk must be all ", rows, " rows; it is ", chunk);
    arrays({{"loss", loss, 1}, {"lse", lse, rows}, {"counted", counted, 1}, {"logits", logits, {chunk, stride}}});
    arrays({{"x", x, {rows, cols}}, {"table", table, {stride, cols}}, {"targets", targets, rows}});
    in_range(stream, "targets", targets, rows, vocab, true);
    run(stream, head_loss_forward, loss, lse, counted, logits, x, table, targets, rows, cols, vocab, stride, chunk,
        keep_gradient, dtype);
  });
}

gatun_status gatun_head_loss_pullback(gatun_stream* stream, void* scratch, void* dx, void* dtable, const void* dloss,
                                      const void* kept, const void* x, const void* table, const int32_t* targets,
                                      const void* lse, const int64_t* counted, int64_t rows, int64_t cols,
                                      int64_t vocab, int64_t stride, int64_t chunk, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_sizes(rows, cols, vocab, stride);
    if (!kept) check_chunk(rows, chunk);
    require(rows == 0 || !kept != !scratch, "of kept and scratch exactly one must be given");
    arrays({{"dloss", dloss, 1}, {"x", x, {rows, cols}}, {"table", table, {stride, cols}}, {"targets", targets, rows}});
    arrays({{"lse", lse, rows}, {"counted", counted, 1}});
    in_range(stream, "targets", targets, rows, vocab, true);
    run(stream, head_loss_pullback, scratch, dx, dtable, dloss, kept, x, table, targets, lse, counted, rows, cols,
        vocab, stride, chunk, fresh, dtype);
  });
}

gatun_status gatun_head_loss_tangent(gatun_stream* stream, void* tloss, void* tlogits, void* scratch, const void* kept,
                                     const void* x, const void* tx, const void* table, const void* ttable,
                                     const int32_t* targets, const void* lse, const int64_t* counted, int64_t rows,
                                     int64_t cols, int64_t vocab, int64_t stride, int64_t chunk, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_sizes(rows, cols, vocab, stride);
    check_chunk(rows, chunk);
    require(rows == 0 || !kept != !scratch, "of kept and scratch exactly one must be given");
    require(!kept || chunk == rows, "with a kept gradient chunk must be all ", rows, " rows; it is ", chunk);
    arrays({{"tloss", tloss, 1}, {"tlogits", tlogits, {chunk, stride}}, {"x", x, {rows, cols}}});
    arrays({{"table", table, {stride, cols}}, {"targets", targets, rows}, {"lse", lse, rows}, {"counted", counted, 1}});
    in_range(stream, "targets", targets, rows, vocab, true);
    run(stream, head_loss_tangent, tloss, tlogits, scratch, kept, x, tx, table, ttable, targets, lse, counted, rows,
        cols, vocab, stride, chunk, dtype);
  });
}

gatun_status gatun_head_loss_pullback_tangent(gatun_stream* stream, void* scratch, void* tscratch, void* tdx,
                                              void* tdtable, const void* dloss, const void* tdloss, const void* kept,
                                              const void* tkept, const void* x, const void* tx, const void* table,
                                              const void* ttable, const int32_t* targets, const void* lse,
                                              const int64_t* counted, int64_t rows, int64_t cols, int64_t vocab,
                                              int64_t stride, int64_t chunk, int32_t gauss_newton, int32_t fresh,
                                              gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_sizes(rows, cols, vocab, stride);
    if (!kept) check_chunk(rows, chunk);
    one_of("gauss_newton", gauss_newton, 2);
    require(rows == 0 || !kept != !scratch, "of kept and scratch exactly one must be given");
    require(rows == 0 || !scratch == !tscratch, "scratch and tscratch must be given together");
    require(!tkept || kept, "there is a tangent of what was kept, but not that itself");
    arrays({{"dloss", dloss, 1}, {"x", x, {rows, cols}}, {"table", table, {stride, cols}}, {"targets", targets, rows}});
    arrays({{"lse", lse, rows}, {"counted", counted, 1}});
    in_range(stream, "targets", targets, rows, vocab, true);
    run(stream, head_loss_pullback_tangent, scratch, tscratch, tdx, tdtable, dloss, tdloss, kept, tkept, x, tx, table,
        ttable, targets, lse, counted, rows, cols, vocab, stride, chunk, gauss_newton, fresh, dtype);
  });
}
