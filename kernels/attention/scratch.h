// The team of threads that works on a layer of heads, and its scratch memory.
#pragma once
#include <omp.h>

#include "body.h"
#include "heads.h"

namespace gatun::GATUN_LEVEL {

/// One thread below 2^18 multiply-adds, some ten microseconds; else all that the device may use.
inline int team_for(const Heads& h) {
  return h.pairs() * h.context * h.context * h.head_size < (int64_t(1) << 18) ? 1 : omp_get_max_threads();
}

/// Zeroed when new, aligned to 64 bytes, `bytes_each` for each of `threads`; the calling thread keeps it for its next
/// call. Throws std::bad_alloc before any work has started. Callers ask for tiles alone: at most 11 tiles of 64 rows a
/// thread, 176 KiB for floats of head size 64, whatever the context.
char* team_scratch(int64_t threads, int64_t bytes_each);

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
