// The CUDA model on threads of the CPU: a grid of blocks, each block a set of fibers, one a thread of the kernel, that
// meet in warps and at barriers. Blocks run one at a time on each OS thread, in an order drawn from a seed, as do the
// fibers of a block; so what depends on an order shows.
#pragma once
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

#include "thread.h"

namespace gatun::emulator {

/// Bytes that a block may ask for: as many as every target grants, unless a test grants more.
extern int64_t granted_shared_bytes;

/// What went wrong inside a kernel: where, and what. The launch ends with it, as a fault ends a kernel on a GPU.
struct KernelFault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Runs `body` once a thread of the grid, on threads of the emulator's own. Throws KernelFault.
void run_grid(const char* kernel, Extent grid, Extent block, int64_t shared_bytes, const std::function<void()>& body);

/// The order of blocks and fibers is drawn from this seed for the next launch, and from the numbers behind it for those
/// that follow; with 0 it is that of their numbers.
void order_by(uint64_t seed);

}  // namespace gatun::emulator
