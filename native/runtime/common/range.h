// The refusal of an integer that an array holds: in the same words wherever it was found, on the host or on the device.
#pragma once
#include <cstdint>

namespace gatun {

/// Element `index` of `name` is `value`, but should be from `least` to limit - 1. A negative `least` means that
/// negative values leave their row out.
struct OutOfRange {
  const char* name;
  int64_t index, value, least, limit;
};

[[noreturn]] void refuse_value(const OutOfRange& found);

}  // namespace gatun
