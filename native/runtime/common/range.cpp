#include "range.h"

#include <algorithm>
#include <limits>

#include "status.h"

namespace gatun {

void refuse_value(const OutOfRange& found) {
  if (found.limit == std::numeric_limits<int64_t>::max())
    fail(GATUN_INVALID, found.name, "[", found.index, "] is ", found.value, "; it must be at least ", found.least);
  fail(GATUN_INVALID, found.name, "[", found.index, "] is ", found.value, ", outside ",
       std::max<int64_t>(found.least, 0), " to ", found.limit - 1);
}

}  // namespace gatun
