// The team of threads that works on a layer of heads, and how it shares its scratch memory.
#pragma once
#include <omp.h>

#include "body.h"
#include "heads.h"
#include "scratch.h"

namespace gatun::GATUN_LEVEL {

/// One thread below 2^18 multiply-adds, some ten microseconds; else all that the device may use.
inline int team_for(const Heads& h) {
  return h.pairs() * h.context * h.context * h.head_size < (int64_t(1) << 18) ? 1 : omp_get_max_threads();
}

/// Cuts arrays out of a thread's share; with a null start it only counts.
struct Cutter {
  char* start;
  int64_t bytes = 0;
  template <class T> T* cut(int64_t count) {
    T* const at = start ? (T*)(start + bytes) : nullptr;
    bytes += (count * int64_t(sizeof(T)) + 63) / 64 * 64;
    return at;
  }
};

}  // namespace gatun::GATUN_LEVEL
