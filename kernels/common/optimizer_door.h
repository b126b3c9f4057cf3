// What the doors of all optimizers check: the arrays of a flat arena or of a table, and what a step is ruled by.
#pragma once
#include <cmath>

#include "door.h"

namespace gatun {

inline void inside_the_unit(const char* name, double beta) {
  require(beta >= 0 && beta < 1, name, " is ", beta, "; it must be at least 0 and below 1");
}

inline void finite(const char* name, double value) {
  require(std::isfinite(value), name, " is ", value, "; it must be finite");
}

/// What every step is ruled by.
inline void check_rule(gatun_stream* stream, const double* rate, const int64_t* step, const void* norm, double beta1,
                       double beta2, double weight_decay, double max_norm) {
  arrays({{"rate", rate, 1}, {"step", step, 1}});
  require_range(stream, "step", step, 1, 1, std::numeric_limits<int64_t>::max());
  inside_the_unit("beta1", beta1);
  inside_the_unit("beta2", beta2);
  finite("weight_decay", weight_decay);
  require(!norm || max_norm > 0, "max_norm is ", max_norm, "; with a norm it must be positive");
}

/// A flat arena whose arrays, weights among them, have n elements each.
inline void check_arena(int64_t first, int64_t n, int64_t decayed, std::initializer_list<Array> list) {
  not_negative({{"first", first}, {"decayed", decayed}});
  sizes({{"n", n}});
  require(decayed <= n, "decayed is ", decayed, ", but there are ", n, " weights");
  arrays(list);
}

struct TableOf {
  const char* name;
  void* const* addresses;
};

/// Tables of as many tensors; that of the masters may be null.
inline void check_tables(gatun_stream* stream, int64_t tensors, const int64_t* sizes_of, const int32_t* decays,
                         void* const* masters, std::initializer_list<TableOf> list) {
  sizes({{"tensors", tensors}});
  for (const auto& table : list) arrays({{table.name, table.addresses, tensors}});
  arrays({{"sizes", sizes_of, tensors}, {"decays", decays, tensors}});
  in_range(stream, "decays", decays, tensors, 2);
  require_range(stream, "sizes", sizes_of, tensors, 0, std::numeric_limits<int64_t>::max());
  for (const auto& table : list) require_addresses(stream, table.name, table.addresses, sizes_of, tensors);
  if (masters) require_addresses(stream, "masters", masters, sizes_of, tensors);
}

}  // namespace gatun
