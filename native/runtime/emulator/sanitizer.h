// What the sanitizers must be told about fibers. ThreadSanitizer sees each fiber as a thread, ordered with others only
// by the barriers and collectives they meet in: a missing barrier is a data race. AddressSanitizer must know whose
// stack is in use.
#pragma once
#include <cstddef>

#if defined(__SANITIZE_THREAD__) || defined(GATUN_THREAD_SANITIZER)
extern "C" {
void* __tsan_get_current_fiber(void);
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}

namespace gatun::emulator::sanitizer {
struct Fiber {
  void* known = nullptr;
};
inline thread_local void* scheduler = nullptr;
constexpr unsigned without_order = 1;

inline void begin(Fiber& fiber) { fiber.known = __tsan_create_fiber(0); }
inline void end(Fiber& fiber) { __tsan_destroy_fiber(fiber.known); }
inline void enter(Fiber& fiber) {
  scheduler = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(fiber.known, without_order);
}
inline void leave() { __tsan_switch_to_fiber(scheduler, without_order); }
inline void acquire(void* meeting) { __tsan_acquire(meeting); }
inline void release(void* meeting) { __tsan_release(meeting); }
}  // namespace gatun::emulator::sanitizer

#else

namespace gatun::emulator::sanitizer {
struct Fiber {};
inline void begin(Fiber&) {}
inline void end(Fiber&) {}
inline void enter(Fiber&) {}
inline void leave() {}
inline void acquire(void*) {}
inline void release(void*) {}
}  // namespace gatun::emulator::sanitizer

#endif
