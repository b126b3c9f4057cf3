// The CUDA model on threads of the CPU: a grid of blocks, each block a set of fibers, one a thread of the kernel, that
// meet in warps and at barriers. Blocks run one at a time on each OS thread, in an order drawn from a seed, as do the
// fibers of a block; so what depends on an order shows.
#pragma once
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

#include "counters.h"

namespace gatun::emulator {

struct Extent {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t{x} * y * z; }
};

constexpr int warp_lanes = 32, most_threads = 1024, most_payload_bytes = 64;
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

// ---- For the running thread of a kernel ----------------------------------------------------------------------------

struct Place {
  Extent thread, block, block_extent, grid_extent;
  int lane, linear;
};
/// What it asks for at every access: so often that a call would cost more than the access.
struct View {
  const Place* place;
  char* shared;
  int64_t shared_bytes;
  bool counts;
};
extern thread_local View view;

inline const Place& here() { return *view.place; }
inline char* shared_start() { return view.shared; }
inline int64_t shared_extent() { return view.shared_bytes; }

void meet_block();

/// All lanes of a warp bring `bytes` each; the last to come runs `combine`, if there is one, over the 32 slots (slot i:
/// lane i's bytes), and each goes on with the slots, readable until the lanes meet again.
using Slots = char[warp_lanes][most_payload_bytes];
const Slots& meet_warp(const void* payload, int bytes, void (*combine)(Slots&), const char* what);

/// A copy that is done at the wait that asks for it and not before.
void queue_copy(void* to, const void* from, int bytes, int wanted_bytes);
void commit_copies();
void finish_copies(int groups_left);

void count_access(Space space, const void* address, int bytes, Site site);
inline void note_access(Space space, const void* address, int bytes, Site site) {
  if (view.counts) count_access(space, address, bytes, site);
}
void note_product();
[[noreturn]] void fault(const std::string& what);

}  // namespace gatun::emulator
