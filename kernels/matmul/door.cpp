#include "door.h"

GATUN_BODY(matmul_forward)
GATUN_BODY(matmul_pullback)

using namespace gatun;

gatun_status gatun_matmul_forward(gatun_stream* stream, void* c, const void* a, const void* b, int64_t batch,
                                  int64_t rows, int64_t cols, int64_t inner, int32_t transposed, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"batch", batch}, {"rows", rows}, {"cols", cols}, {"inner", inner}});
    one_of("transposed", transposed, 4);
    arrays({{"c", c, {batch, rows, cols}}, {"a", a, {batch, rows, inner}}, {"b", b, {batch, inner, cols}}});
    run(stream, matmul_forward, c, a, b, batch, rows, cols, inner, transposed, dtype);
  });
}

gatun_status gatun_matmul_pullback(gatun_stream* stream, void* da, void* db, const void* dc, const void* a,
                                   const void* b, int64_t batch, int64_t rows, int64_t cols, int64_t inner,
                                   int32_t transposed, int32_t fresh, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"batch", batch}, {"rows", rows}, {"cols", cols}, {"inner", inner}});
    one_of("transposed", transposed, 4);
    arrays({{"dc", dc, {batch, rows, cols}}, {"a", a, {batch, rows, inner}}, {"b", b, {batch, inner, cols}}});
    run(stream, matmul_pullback, da, db, dc, a, b, batch, rows, cols, inner, transposed, fresh, dtype);
  });
}
