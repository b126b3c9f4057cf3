#include "fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

// Never instrumented: sanitizers must not see a function that returns on another stack. It ends in a jump, since a
// processor would expect `ret` to go back to where the call came from.
asm(R"(
.text
.globl gatun_fiber_switch
.hidden gatun_fiber_switch
.type gatun_fiber_switch, @function
gatun_fiber_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmpq *%rcx
.size gatun_fiber_switch, .-gatun_fiber_switch
)");

namespace gatun::emulator {

Stacks::Stacks(int count) : count_(count) {
  void* start =
      mmap(nullptr, slot_bytes * count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) throw std::bad_alloc();
  base_ = static_cast<char*>(start);
  for (int i = 0; i < count; i++) mprotect(base_ + i * slot_bytes, 4096, PROT_NONE);
}

Stacks::~Stacks() { munmap(base_, slot_bytes * count_); }

void* prepared(char* stack_top, void (*entry)()) {
  // Where `entry` begins the stack pointer is 8 short of a multiple of 16, as after a call.
  auto* at = reinterpret_cast<void**>(stack_top) - 2;
  *at = reinterpret_cast<void*>(entry);
  for (int i = 0; i < 6; i++) *--at = nullptr;
  return at;
}

}  // namespace gatun::emulator
