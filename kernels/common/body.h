// The frame of a kernel body on the CPU. The file is compiled once per instruction set with GATUN_LEVEL naming the
// namespace (v2, v3, v4). It must not call std:: templates or inline functions of shared headers: the linker would
// merge their copies across levels and an older processor could meet instructions it lacks.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "gatun.h"

#ifndef GATUN_LEVEL
#error "compile kernel bodies once per level, with -DGATUN_LEVEL=v2|v3|v4"
#endif

#include "bf16.h"

namespace gatun::GATUN_LEVEL {

/// Calls `work` with a null pointer of the element type: by_type(dtype, [&](auto* t) { using T = ...; }).
template <class Work> inline void by_type(gatun_dtype dtype, Work work) {
  if (dtype == GATUN_F64)
    work(static_cast<double*>(nullptr));
  else if (dtype == GATUN_BF16)
    work(static_cast<bf16*>(nullptr));
  else
    work(static_cast<float*>(nullptr));
}

template <class Pointer> struct Pointee;
template <class T> struct Pointee<T*> { using type = T; };

/// The element type inside a by_type body whose parameter is `t`.
#define GATUN_ELEMENT(t) typename Pointee<decltype(t)>::type

/// The i-th ACC argument is overwritten rather than added into.
inline bool is_fresh(int32_t fresh, int i) { return (fresh >> i) & 1; }

/// Work below this many elements stays on one thread: waking a team costs a few microseconds.
constexpr int64_t worth_a_team = 16384;

}  // namespace gatun::GATUN_LEVEL
