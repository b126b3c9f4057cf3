// What copies refuse of the places that they are given.
#pragma once
#include <cstdint>

#include "status.h"

namespace gatun {

inline void require_places(const void* to, const void* from, int64_t bytes) {
  require(bytes >= 0, "bytes is ", bytes, "; it must not be negative");
  require(bytes == 0 || (to && from), "an address to copy between is null");
}

/// Threads share a copy, and so nothing of it comes before the rest.
inline void require_apart(const void* to, const void* from, int64_t bytes) {
  require_places(to, from, bytes);
  const auto *const there = static_cast<const char*>(to), *const here = static_cast<const char*>(from);
  require(there + bytes <= here || here + bytes <= there, "the ", bytes, " bytes to copy and their new place overlap");
}

}  // namespace gatun
