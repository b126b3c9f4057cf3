#include "controls.h"

#include <cstdio>

#include "counters.h"
#include "cuda_runtime.h"
#include "foreign.h"
#include "grid.h"

using namespace gatun::emulator;

void gatun_emulator_count(int32_t on) { count_from_now(on != 0); }

void gatun_emulator_counts(char* text, int64_t capacity_bytes) {
  std::snprintf(text, static_cast<size_t>(capacity_bytes), "%s", told_counts().c_str());
}

void gatun_emulator_order(uint64_t seed) { order_by(seed); }
void gatun_emulator_grant(int64_t shared_bytes) { granted_shared_bytes = shared_bytes; }
void gatun_emulator_fail_at(int64_t n, int32_t error) { fail_at(n, static_cast<cudaError_t>(error)); }
int64_t gatun_emulator_calls(void) { return calls_made(); }
int64_t gatun_emulator_held(void) { return held(); }
void* gatun_emulator_stream_make(int32_t primary) { return foreign_stream(primary != 0); }
void gatun_emulator_stream_end(void* stream) { cudaStreamDestroy(static_cast<cudaStream_t>(stream)); }
int64_t gatun_emulator_stream_asked(void* stream) {
  return asked_of(stream ? static_cast<cudaStream_t>(stream) : cudaStreamLegacy);
}
void* gatun_emulator_memory_take(int64_t bytes, int32_t kind) {
  return foreign_memory(bytes, static_cast<Foreign>(kind));
}
void gatun_emulator_memory_give(void* address) {
  if (cudaFree(address) != cudaSuccess) cudaFreeHost(address);
}
