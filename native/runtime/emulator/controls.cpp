#include "controls.h"

#include <cstdio>

#include "counters.h"
#include "cuda_runtime.h"
#include "grid.h"

using namespace gatun::emulator;

void gatun_emulator_count(int32_t on) { count_from_now(on != 0); }

void gatun_emulator_counts(char* text, int64_t capacity_bytes) {
  std::snprintf(text, static_cast<size_t>(capacity_bytes), "%s", told_counts().c_str());
}

void gatun_emulator_order(uint64_t seed) { order_by(seed); }
void gatun_emulator_fail_at(int64_t n, int32_t error) { fail_at(n, static_cast<cudaError_t>(error)); }
int64_t gatun_emulator_calls(void) { return calls_made(); }
int64_t gatun_emulator_held(void) { return held(); }
