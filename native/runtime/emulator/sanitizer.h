// What the sanitizers must be told about fibers. ThreadSanitizer sees each fiber as a thread of its own, ordered with
// others only by the barriers and collectives they meet in: a missing barrier is a data race. AddressSanitizer must
// know whose stack is in use.
//
// A switch is `leave` on the stack it starts from, then `arrive` on the other. The scheduler's stack is one more fiber.
// Trap: two meetings in a row need two addresses. Whoever is late to wake would otherwise acquire what the others have
// released on their way to the next one, and with it an order that is not there.
#pragma once
#include <cstddef>

#if defined(GATUN_SANITIZER_THREAD)
#include <sanitizer/tsan_interface.h>

extern "C" {
void __tsan_ignore_thread_begin(void);
void __tsan_ignore_thread_end(void);
}

namespace gatun::emulator::sanitizer {
/// What one block's fibers left behind is no race with the next block's.
constexpr bool wants_fresh_fibers = true;
constexpr unsigned without_order = __tsan_switch_to_fiber_no_sync;

struct Fiber {
  void* known = nullptr;
};
/// A thread of the scheduler gives what one block's fibers have used to the next block's: no race, but all that such a
/// thread does.
struct Unobserved {
  Unobserved() { __tsan_ignore_thread_begin(); }
  ~Unobserved() { __tsan_ignore_thread_end(); }
};

inline void begin(Fiber& fiber, const void*, size_t) { fiber.known = __tsan_create_fiber(0); }
inline void end(Fiber& fiber) { __tsan_destroy_fiber(fiber.known); }
inline void adopt(Fiber& scheduler) { scheduler.known = __tsan_get_current_fiber(); }
inline void leave(Fiber&, Fiber& to) { __tsan_switch_to_fiber(to.known, without_order); }
inline void arrive(Fiber&, Fiber&) {}
inline void acquire(const void* meeting) { __tsan_acquire(const_cast<void*>(meeting)); }
inline void release(const void* meeting) { __tsan_release(const_cast<void*>(meeting)); }
}  // namespace gatun::emulator::sanitizer

#elif defined(GATUN_SANITIZER_ADDRESS)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

namespace gatun::emulator::sanitizer {
constexpr bool wants_fresh_fibers = false;

/// A stack, and what the sanitizer keeps of it while another is in use.
struct Fiber {
  const void* bottom = nullptr;
  size_t bytes = 0;
  void* saved = nullptr;
};
struct Unobserved {};

/// A fiber never returns from its frames: those of the block before still mark the stack.
inline void begin(Fiber& fiber, const void* bottom, size_t bytes) {
  fiber = {bottom, bytes, nullptr};
  __asan_unpoison_memory_region(bottom, bytes);
}
inline void end(Fiber&) {}
/// The bounds of the scheduler's stack are learnt when it is left.
inline void adopt(Fiber&) {}
inline void leave(Fiber& from, Fiber& to) { __sanitizer_start_switch_fiber(&from.saved, to.bottom, to.bytes); }
inline void arrive(Fiber& at, Fiber& from) { __sanitizer_finish_switch_fiber(at.saved, &from.bottom, &from.bytes); }
inline void acquire(const void*) {}
inline void release(const void*) {}
}  // namespace gatun::emulator::sanitizer

#else

namespace gatun::emulator::sanitizer {
constexpr bool wants_fresh_fibers = false;
struct Fiber {};
struct Unobserved {};
inline void begin(Fiber&, const void*, size_t) {}
inline void end(Fiber&) {}
inline void adopt(Fiber&) {}
inline void leave(Fiber&, Fiber&) {}
inline void arrive(Fiber&, Fiber&) {}
inline void acquire(const void*) {}
inline void release(const void*) {}
}  // namespace gatun::emulator::sanitizer

#endif
