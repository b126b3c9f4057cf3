// Streams and memory as other libraries make them, for tests of what is made of them here.
#pragma once
#include "cuda_runtime.h"

namespace gatun::emulator {

cudaStream_t foreign_stream(bool primary);
/// What the stream was asked to do so far: launches, copies, events. The legacy default stream too.
int64_t asked_of(cudaStream_t stream);

enum class Foreign { device_memory, memory_of_another_context, pool_memory, host_memory };
void* foreign_memory(int64_t bytes, Foreign kind);

}  // namespace gatun::emulator
