// The door of a kernel: the exported function checks its arguments, once and in the caller's words, then runs the body.
// Doors are shared by the backends; only bodies differ.
#pragma once
#include <omp.h>

#include <initializer_list>

#include "device.h"
#include "status.h"

namespace gatun {

/// The body of an exported kernel: the same arguments behind a stream, and no status.
template <class Exported> struct BodyOf;
template <class... Arguments> struct BodyOf<gatun_status(gatun_stream*, Arguments...)> {
  using type = void(gatun_stream&, Arguments...);
};

/// Declares the three builds of kernel `name` and the table `gatun::name` over them.
#define GATUN_BODY(name)                                                                      \
  namespace gatun {                                                                           \
  namespace v2 {                                                                              \
  BodyOf<decltype(gatun_##name)>::type name;                                                  \
  }                                                                                           \
  namespace v3 {                                                                              \
  BodyOf<decltype(gatun_##name)>::type name;                                                  \
  }                                                                                           \
  namespace v4 {                                                                              \
  BodyOf<decltype(gatun_##name)>::type name;                                                  \
  }                                                                                           \
  constexpr Leveled<BodyOf<decltype(gatun_##name)>::type> name{v2::name, v3::name, v4::name}; \
  }

/// Runs a body on the stream.
template <class Body, class... Arguments>
void run(gatun_stream* stream, const Leveled<Body>& body, Arguments... arguments) {
  omp_set_num_threads(stream->device->threads);
  body.at(stream->device->level)(*stream, arguments...);
}

struct Named {
  const char* name;
  int64_t value;
};

/// Sizes that may be 0.
inline void sizes(std::initializer_list<Named> list) {
  for (const auto& size : list) require(size.value >= 0, size.name, " is ", size.value, "; it must not be negative");
}

inline void positive(std::initializer_list<Named> list) {
  for (const auto& size : list) require(size.value > 0, size.name, " is ", size.value, "; it must be positive");
}

struct Array {
  const char* name;
  const void* address;
  int64_t extent;
};

/// Arrays that must be given wherever they have elements.
inline void arrays(std::initializer_list<Array> list) {
  for (const auto& array : list)
    require(array.address || array.extent == 0, array.name, " is null but has ", array.extent, " elements");
}

inline void one_of(const char* name, int32_t kind, int32_t kinds) {
  require(kind >= 0 && kind < kinds, name, " is ", kind, "; it must be 0 to ", kinds - 1);
}

/// The CPU computes in fp32 and fp64.
inline void computes_in(gatun_dtype dtype) {
  one_of("dtype", dtype, 3);
  if (dtype == GATUN_BF16) fail(GATUN_UNSUPPORTED, "the CPU backend computes in fp32 and fp64, not in bf16");
}

/// Refuses integers outside 0 to limit - 1; where `ignorable`, negative ones pass.
inline void in_range(const char* name, const int32_t* values, int64_t count, int64_t limit, bool ignorable = false) {
  for (int64_t i = 0; i < count; i++)
    require(values[i] < limit && (ignorable || values[i] >= 0), name, "[", i, "] is ", values[i], ", outside 0 to ",
            limit - 1);
}

}  // namespace gatun
