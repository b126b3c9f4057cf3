#include "optimizer_door.h"

GATUN_BODY(sophia_step)
GATUN_BODY(sophia_table_step)

using namespace gatun;

namespace {

/// What Sophia is ruled by beside the others' rules.
void check_denominator(gatun_stream* stream, const int64_t* refreshes, double gamma, double eps, gatun_sophia_form form,
                       int32_t correct_mean) {
  if (refreshes) require_range(stream, "refreshes", refreshes, 1, 0, std::numeric_limits<int64_t>::max());
  require(std::isfinite(gamma) && gamma > 0, "gamma is ", gamma, "; it must be finite and positive");
  finite_and_not_negative("eps", eps);
  one_of("form", form, 2);
  one_of("correct_mean", correct_mean, 2);
}

}  // namespace

gatun_status gatun_sophia_step(gatun_stream* stream, void* weights, void* master, void* m, int64_t* unclipped,
                               const void* h, const void* gradients, const double* rate, const int64_t* step,
                               const int64_t* refreshes, const void* norm, const int64_t* key, int64_t first, int64_t n,
                               int64_t decayed, double beta1, double beta2, double gamma, double eps,
                               double weight_decay, double max_norm, gatun_sophia_form form, int32_t correct_mean,
                               gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_arena(first, n, decayed, {{"weights", weights, n}, {"m", m, n}, {"h", h, n}, {"gradients", gradients, n}});
    check_rule(stream, rate, step, norm, beta1, beta2, weight_decay, max_norm);
    check_denominator(stream, refreshes, gamma, eps, form, correct_mean);
    run(stream, sophia_step, weights, master, m, unclipped, h, gradients, rate, step, refreshes, norm, key, first, n,
        decayed, beta1, beta2, gamma, eps, weight_decay, max_norm, form, correct_mean, dtype);
  });
}

gatun_status gatun_sophia_table_step(gatun_stream* stream, void** weights, void** masters, void** m, int64_t* unclipped,
                                     void** h, void** gradients, const int64_t* sizes_of, const int32_t* decays,
                                     const double* rate, const int64_t* step, const int64_t* refreshes,
                                     const void* norm, const int64_t* key, int64_t tensors, double beta1, double beta2,
                                     double gamma, double eps, double weight_decay, double max_norm,
                                     gatun_sophia_form form, int32_t correct_mean, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    check_tables(stream, tensors, sizes_of, decays, masters,
                 {{"weights", weights}, {"m", m}, {"h", h}, {"gradients", gradients}});
    check_rule(stream, rate, step, norm, beta1, beta2, weight_decay, max_norm);
    check_denominator(stream, refreshes, gamma, eps, form, correct_mean);
    run(stream, sophia_table_step, weights, masters, m, unclipped, h, gradients, sizes_of, decays, rate, step,
        refreshes, norm, key, tensors, beta1, beta2, gamma, eps, weight_decay, max_norm, form, correct_mean, dtype);
  });
}
