// How a door reaches its kernel's body on the CPU: the body's build for the device's instruction set, run at once. Step
// values and indices lie in memory that the host reads, so they are checked before any work.
#pragma once
#include <functional>

#include "level.h"
#include "range.h"
#include "status.h"
#include "subnormals.h"

/// Declares the three builds of kernel `name` and the table `gatun::name` over them.
#define GATUN_DECLARE_BODY(name)                                                              \
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
/// Runs work that the stream is asked for; or keeps it, or leaves it, where the stream is recorded or planned.
void in_order(gatun_stream& stream, std::function<void(gatun_stream&)> work);
/// Whether the stream runs what it is asked for at once.
bool runs_at_once(const gatun_stream& stream);
Level level_of(const gatun_stream& stream);

/// While it lives, what runs in parallel on this thread uses as many threads as the stream's device.
class Team {
 public:
  explicit Team(const gatun_stream& stream);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

 private:
  int before_;
};

template <class Body, class... Arguments>
void run_body(gatun_stream* stream, const Leveled<Body>& body, Arguments... arguments) {
  const auto work = [=, &body](gatun_stream& on) {
    const Team team(on);
    const WithoutSubnormals until_it_ends;
    body.at(level_of(on))(on, arguments...);
  };
  if (runs_at_once(*stream)) return work(*stream);
  in_order(*stream, work);
}

/// Any type that there is.
inline void require_computed(gatun_dtype) {}

/// Refuses integers outside `least` to limit - 1.
template <class Integer> void require_range(gatun_stream* stream, const char* name, const Integer* values,
                                            int64_t count, int64_t least, int64_t limit) {
  const auto look = [=](gatun_stream&) {
    for (int64_t i = 0; i < count; i++)
      if (values[i] < least || values[i] >= limit) refuse_value({name, i, values[i], least, limit});
  };
  if (runs_at_once(*stream)) return look(*stream);
  in_order(*stream, look);
}

/// Refuses null addresses in a table wherever their array has elements.
inline void require_addresses(gatun_stream* stream, const char* name, void* const* table, const int64_t* sizes,
                              int64_t tensors) {
  const auto look = [=](gatun_stream&) {
    for (int64_t i = 0; i < tensors; i++)
      require(table[i] || sizes[i] == 0, name, "[", i, "] is null but the tensor has ", sizes[i], " elements");
  };
  if (runs_at_once(*stream)) return look(*stream);
  in_order(*stream, look);
}

}  // namespace gatun
