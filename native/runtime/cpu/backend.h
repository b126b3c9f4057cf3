// How a door reaches its kernel's body on the CPU: the body's build for the device's instruction set, run at once. Step
// values and indices lie in memory that the host reads, so they are checked before any work.
#pragma once
#include "level.h"
#include "range.h"
#include "status.h"
#include "subnormals.h"

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

namespace gatun {

/// Refuses null handles and calls from a thread that does not own the device.
void check(const gatun_stream* stream);
/// Has what follows on this thread use as many threads as the stream's device; the level of that device.
Level begin_body(const gatun_stream& stream);

template <class Body, class... Arguments>
void run_body(gatun_stream* stream, const Leveled<Body>& body, Arguments... arguments) {
  const auto level = begin_body(*stream);
  const WithoutSubnormals until_it_ends;
  body.at(level)(*stream, arguments...);
}

/// The CPU computes in fp32 and fp64.
inline void require_computed(gatun_dtype dtype) {
  if (dtype == GATUN_BF16) fail(GATUN_UNSUPPORTED, "the CPU backend computes in fp32 and fp64, not in bf16");
}

/// Refuses integers outside `least` to limit - 1.
template <class Integer> void require_range(gatun_stream*, const char* name, const Integer* values, int64_t count,
                                            int64_t least, int64_t limit) {
  for (int64_t i = 0; i < count; i++)
    if (values[i] < least || values[i] >= limit) refuse_value({name, i, values[i], least, limit});
}

/// Refuses null addresses in a table wherever their array has elements.
inline void require_addresses(gatun_stream*, const char* name, void* const* table, const int64_t* sizes,
                              int64_t tensors) {
  for (int64_t i = 0; i < tensors; i++)
    require(table[i] || sizes[i] == 0, name, "[", i, "] is null but the tensor has ", sizes[i], " elements");
}

}  // namespace gatun
