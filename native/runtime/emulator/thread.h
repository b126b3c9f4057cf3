// What the running thread of a kernel asks the emulator: where it is, its block's shared memory, meetings with others.
// Every kernel's source includes this, so it includes next to nothing.
#pragma once
#include <cstdint>

namespace gatun::emulator {

struct Extent {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t{x} * y * z; }
};

constexpr int warp_lanes = 32, most_threads = 1024, most_payload_bytes = 64;

enum class Space { global_read, global_write, shared_read, shared_write };

/// A place in the source.
struct Site {
  const char* file;
  uint32_t line, column;
  bool operator==(const Site&) const = default;
};

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
[[noreturn]] void fault(const char* what);

}  // namespace gatun::emulator
