// A fiber: a stack of its own that runs until it hands control back. Switching saves the six registers that a callee
// must keep and the stack pointer, some 10 ns; the C library's ucontext needs ten times that for signal masks nobody
// changes.
#pragma once
#include <cstddef>

namespace gatun::emulator {

constexpr size_t stack_bytes = 256 << 10;

/// Stacks of one OS thread, each with an unreadable page below it, so that an overflow faults where it happens.
class Stacks {
 public:
  explicit Stacks(int count);
  ~Stacks();
  Stacks(const Stacks&) = delete;
  Stacks& operator=(const Stacks&) = delete;
  char* top(int i) const { return base_ + (i + 1) * slot_bytes - i % 32 * 128; }

 private:
  /// A guard page, and a page over which the tops of a warp's stacks are spread: at equal offsets in their pages they
  /// would all meet in the same few lines of the cache.
  static constexpr size_t slot_bytes = 4096 + stack_bytes + 4096;
  char* base_;
  int count_;
};

/// A stack pointer at which `entry` will begin when it is switched to.
void* prepared(char* stack_top, void (*entry)());

/// Saves the running context in *from and goes on at `to`.
extern "C" void gatun_fiber_switch(void** from, void* to);

}  // namespace gatun::emulator
