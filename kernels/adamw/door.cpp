#include "optimizer_door.h"

GATUN_BODY(adamw_step)
GATUN_BODY(adamw_table_step)

using namespace gatun;

gatun_status gatun_adamw_step(gatun_stream* stream, void* weights, void* master, void* m, void* v,
                              const void* gradients, const double* rate, const int64_t* step, const void* norm,
                              const int64_t* key, int64_t first, int64_t n, int64_t decayed, double beta1, double beta2,
                              double eps, double weight_decay, double max_norm, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_arena(first, n, decayed, {{"weights", weights, n}, {"m", m, n}, {"v", v, n}, {"gradients", gradients, n}});
    check_rule(stream, rate, step, norm, beta1, beta2, weight_decay, max_norm);
    finite_and_not_negative("eps", eps);
    run(stream, adamw_step, weights, master, m, v, gradients, rate, step, norm, key, first, n, decayed, beta1, beta2,
        eps, weight_decay, max_norm, dtype);
  });
}

gatun_status gatun_adamw_table_step(gatun_stream* stream, void** weights, void** masters, void** m, void** v,
                                    void** gradients, const int64_t* sizes_of, const int32_t* decays,
                                    const double* rate, const int64_t* step, const void* norm, const int64_t* key,
                                    int64_t tensors, double beta1, double beta2, double eps, double weight_decay,
                                    double max_norm, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_tables(stream, tensors, sizes_of, decays, masters,
                 {{"weights", weights}, {"m", m}, {"v", v}, {"gradients", gradients}});
    check_rule(stream, rate, step, norm, beta1, beta2, weight_decay, max_norm);
    finite_and_not_negative("eps", eps);
    run(stream, adamw_table_step, weights, masters, m, v, gradients, sizes_of, decays, rate, step, norm, key, tensors,
        beta1, beta2, eps, weight_decay, max_norm, dtype);
  });
}
