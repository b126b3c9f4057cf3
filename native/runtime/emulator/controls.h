/* What tests ask of the emulator, in libgatun_emu.so alone. */
#ifndef GATUN_EMULATOR_CONTROLS_H
#define GATUN_EMULATOR_CONTROLS_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GATUN_CONTROL __attribute__((visibility("default")))

/** Whether launches count what they spend, from now on. */
GATUN_CONTROL void gatun_emulator_count(int32_t on);

/** One line a kernel, "name field=value ...", ended by a zero byte and cut to capacity_bytes; forgets what it tells. */
GATUN_CONTROL void gatun_emulator_counts(char* text, int64_t capacity_bytes);

/** Blocks and threads of the next launch run in an order drawn from the seed, those of the launches behind it in orders
 * drawn from the numbers behind it; 0 is the order of their numbers. A fault in a kernel tells the seed of its launch.
 */
GATUN_CONTROL void gatun_emulator_order(uint64_t seed);

/** Bytes of shared memory that devices grant a block from now on; 99 KB if this is never called. */
GATUN_CONTROL void gatun_emulator_grant(int64_t shared_bytes);

/** The n-th call of the CUDA runtime from now on, counted from 1, fails with this error code, and with an error after
 * which a device does nothing more all calls behind it. 0 lets all succeed, as in a new process. */
GATUN_CONTROL void gatun_emulator_fail_at(int64_t n, int32_t error);

/** Calls of the CUDA runtime since gatun_emulator_fail_at. */
GATUN_CONTROL int64_t gatun_emulator_calls(void);

/** Device and pinned memory, streams, events and graphs that were not given back. */
GATUN_CONTROL int64_t gatun_emulator_held(void);

/** A cudaStream_t as another library makes it, in the device's primary context or in one of its own. */
GATUN_CONTROL void* gatun_emulator_stream_make(int32_t primary);
GATUN_CONTROL void gatun_emulator_stream_end(void* stream);

/** What a stream was asked to do so far: launches, copies and events; null is the legacy default stream. */
GATUN_CONTROL int64_t gatun_emulator_stream_asked(void* stream);

/** Memory as another library takes it: 0 of the device, 1 of the device in a context of its own, 2 of the device in a
 * memory pool, 3 of the host, page-locked. */
GATUN_CONTROL void* gatun_emulator_memory_take(int64_t bytes, int32_t kind);
GATUN_CONTROL void gatun_emulator_memory_give(void* address);

#ifdef __cplusplus
}
#endif
#endif
