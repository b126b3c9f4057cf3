// The refusal of an integer that an array holds: in the same words wherever it was found, on the host or on the device.
#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>

#include "status.h"

namespace gatun {

/// Element `index` of `name` is `value`, but should be from `least` to limit - 1. A negative `least` means that
/// negative values leave their row out.
struct OutOfRange {
  const char* name;
  int64_t index, value, least, limit;
};

[[noreturn]] inline void refuse_value(const OutOfRange& found) {
  if (found.limit == std::numeric_limits<int64_t>::max())
    fail(GATUN_INVALID, found.name, "[", found.index, "] is ", found.value, "; it must be at least ", found.least);
  fail(GATUN_INVALID, found.name, "[", found.index, "] is ", found.value, ", outside ",
       std::max<int64_t>(found.least, 0), " to ", found.limit - 1);
}

}  // namespace gatun
