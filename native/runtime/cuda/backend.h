// How a door reaches its kernel's body on CUDA: the body launches on the stream. Step values and indices lie in device
// memory, which the host does not read: a kernel checks them in stream order and the stream's next join reports what it
// found, while the kernels behind it keep to what they may touch.
#pragma once
#include "status.h"
#include "stream.h"

/// Declares the body of kernel `name`.
#define GATUN_DECLARE_BODY(name)             \
  namespace gatun {                          \
  BodyOf<decltype(gatun_##name)>::type name; \
  }

namespace gatun {

template <class... Parameters, class... Arguments>
void run_body(gatun_stream* stream, void (&body)(gatun_stream&, Parameters...), Arguments... arguments) {
  body(*stream, static_cast<Parameters>(arguments)...);
}

inline void require_computed(gatun_dtype) {}

/// Launches the check that each of `count` integers is from `least` to limit - 1. `name` must live for ever.
void require_range(gatun_stream* stream, const char* name, const int32_t* values, int64_t count, int64_t least,
                   int64_t limit);
void require_range(gatun_stream* stream, const char* name, const int64_t* values, int64_t count, int64_t least,
                   int64_t limit);

/// A table's addresses are the caller's word on CUDA.
inline void require_addresses(gatun_stream*, const char*, void* const*, const int64_t*, int64_t) {}

}  // namespace gatun
