// What the calls of the emulated runtime share: how each begins and ends, and which context things belong to.
#pragma once
#include <cstdint>

#include "cuda_runtime.h"

namespace gatun::emulator {

/// Counts a call; true where it must fail.
bool must_fail();
/// What a call that must fail answers.
cudaError_t injected();
/// Remembers an error for cudaGetLastError.
cudaError_t answer(cudaError_t error);
/// The answer of a call that gives something back: it does so, whatever it has to tell of the work before it.
inline cudaError_t given_back() { return must_fail() ? injected() : cudaSuccess; }

#define GATUN_EMULATED_CALL \
  if (must_fail()) return injected()

/// To allocate may wait for work under way: where this thread has a capture open it is refused, and spoils the capture,
/// unless the thread's mode is relaxed.
bool allocates_in_capture();

/// Device and pinned memory that was not given back.
int64_t memory_held();

// As the driver knows them.
extern const void *const primary_context, *const other_context;
enum DriverResult : int { driver_success = 0, driver_invalid_value = 1, driver_invalid_handle = 400 };
int stream_context(cudaStream_t stream, const void** context);

}  // namespace gatun::emulator
