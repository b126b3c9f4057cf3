#include "door.h"

#include <cmath>

GATUN_BODY(adamw_step)
GATUN_BODY(adamw_table_step)

using namespace gatun;

namespace {

void inside_the_unit(const char* name, double beta) {
  require(beta >= 0 && beta < 1, name, " is ", beta, "; it must be at least 0 and below 1");
}

void rule(gatun_stream* stream, const double* rate, const int64_t* step, const void* norm, double beta1, double beta2,
          double eps, double weight_decay, double max_norm) {
  arrays({{"rate", rate, 1}, {"step", step, 1}});
  require_range(stream, "step", step, 1, 1, std::numeric_limits<int64_t>::max());
  inside_the_unit("beta1", beta1);
  inside_the_unit("beta2", beta2);
  require(std::isfinite(eps) && eps >= 0, "eps is ", eps, "; it must be finite and not negative");
  require(std::isfinite(weight_decay), "weight_decay is ", weight_decay, "; it must be finite");
  require(!norm || max_norm > 0, "max_norm is ", max_norm, "; with a norm it must be positive");
}

}  // namespace

gatun_status gatun_adamw_step(gatun_stream* stream, void* weights, void* master, void* m, void* v,
                              const void* gradients, const double* rate, const int64_t* step, const void* norm,
                              const int64_t* key, int64_t first, int64_t n, int64_t decayed, double beta1, double beta2,
                              double eps, double weight_decay, double max_norm, gatun_dtype dtype) {
  return guarded([&] {
    check(stream);
    computes_in(dtype);
    sizes({{"first", first}, {"n", n}, {"decayed", decayed}});
    require(decayed <= n, "decayed is ", decayed, ", but there are ", n, " weights");
    arrays({{"weights", weights, n}, {"m", m, n}, {"v", v, n}, {"gradients", gradients, n}});
    rule(stream, rate, step, norm, beta1, beta2, eps, weight_decay, max_norm);
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
    sizes({{"tensors", tensors}});
    arrays({{"weights", weights, tensors}, {"m", m, tensors}, {"v", v, tensors}, {"gradients", gradients, tensors}});
    arrays({{"sizes", sizes_of, tensors}, {"decays", decays, tensors}});
    in_range(stream, "decays", decays, tensors, 2);
    require_range(stream, "sizes", sizes_of, tensors, 0, std::numeric_limits<int64_t>::max());
    require_addresses(stream, "weights", weights, sizes_of, tensors);
    if (masters) require_addresses(stream, "masters", masters, sizes_of, tensors);
    require_addresses(stream, "m", m, sizes_of, tensors);
    require_addresses(stream, "v", v, sizes_of, tensors);
    require_addresses(stream, "gradients", gradients, sizes_of, tensors);
    rule(stream, rate, step, norm, beta1, beta2, eps, weight_decay, max_norm);
    run(stream, adamw_table_step, weights, masters, m, v, gradients, sizes_of, decays, rate, step, norm, key, tensors,
        beta1, beta2, eps, weight_decay, max_norm, dtype);
  });
}
