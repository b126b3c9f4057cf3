// The door of a kernel: the exported function checks its arguments, once and in the caller's words, then runs the body.
// Doors are shared by the backends; only bodies differ.
#pragma once
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>

#include "backend.h"
#include "recording.h"
#include "status.h"

/// Declares the body of kernel `name`, and says through which function it is reached.
#define GATUN_BODY(name)                                                                     \
  GATUN_DECLARE_BODY(name)                                                                   \
  namespace gatun {                                                                          \
  static const NamedBody named_##name(reinterpret_cast<const void*>(&name), "gatun_" #name); \
  }

namespace gatun {

/// The body of an exported kernel: the same arguments behind a stream, and no status.
template <class Exported> struct BodyOf;
template <class... Arguments> struct BodyOf<gatun_status(gatun_stream*, Arguments...)> {
  using type = void(gatun_stream&, Arguments...);
};

/// Runs a body on the stream.
template <class Body, class... Arguments> void run(gatun_stream* stream, const Body& body, Arguments... arguments) {
  if (is_noted(*stream)) note_call(*stream, exported_name((const void*)&body), {Argument(arguments)...});
  run_body(stream, body, arguments...);
}

struct Named {
  const char* name;
  int64_t value;
};

/// So many elements have more bytes than an int64_t counts.
constexpr int64_t beyond_memory = int64_t{1} << 59;

/// How many elements an array has: a product of sizes that are not negative.
struct Extent {
  int64_t count = 1;
  bool is_beyond_memory = false;

  Extent(int64_t size) : Extent({size}) {}
  Extent(std::initializer_list<int64_t> sizes) {
    for (const int64_t size : sizes) is_beyond_memory |= __builtin_mul_overflow(count, size, &count);
    is_beyond_memory |= count >= beyond_memory;
  }
};

/// A product of sizes that counts the elements of arrays, or a part of these.
inline int64_t product(const char* name, std::initializer_list<int64_t> sizes) {
  const Extent extent(sizes);
  require(!extent.is_beyond_memory, name, " counts more than any memory holds");
  return extent.count;
}

inline void not_negative(std::initializer_list<Named> list) {
  for (const auto& number : list)
    require(number.value >= 0, number.name, " is ", number.value, "; it must not be negative");
}

/// Sizes that may be 0.
inline void sizes(std::initializer_list<Named> list) {
  not_negative(list);
  for (const auto& size : list)
    require(size.value < beyond_memory, size.name, " is ", size.value, "; it counts more than any memory holds");
}

inline void positive(std::initializer_list<Named> list) {
  for (const auto& size : list) require(size.value > 0, size.name, " is ", size.value, "; it must be positive");
  sizes(list);
}

struct Array {
  const char* name;
  const void* address;
  Extent extent;
};

/// Arrays that must be given wherever they have elements.
inline void arrays(std::initializer_list<Array> list) {
  for (const auto& array : list) {
    require(!array.extent.is_beyond_memory, array.name, " has more elements than any memory holds");
    require(array.address || array.extent.count == 0, array.name, " is null but has ", array.extent.count, " elements");
  }
}

inline void finite_and_not_negative(const char* name, double value) {
  require(std::isfinite(value) && value >= 0, name, " is ", value, "; it must be finite and not negative");
}

inline void one_of(const char* name, int32_t kind, int32_t kinds) {
  require(kind >= 0 && kind < kinds, name, " is ", kind, "; it must be 0 to ", kinds - 1);
}

/// Types that this backend computes in.
inline void computes_in(gatun_dtype dtype) {
  one_of("dtype", dtype, 3);
  require_computed(dtype);
}

/// Refuses integers outside 0 to limit - 1; where `ignorable`, negative ones pass.
inline void in_range(gatun_stream* stream, const char* name, const int32_t* values, int64_t count, int64_t limit,
                     bool ignorable = false) {
  require_range(stream, name, values, count, ignorable ? std::numeric_limits<int32_t>::min() : 0, limit);
}

}  // namespace gatun
