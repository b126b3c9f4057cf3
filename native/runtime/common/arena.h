// Memory of a device in chunks: a scope bumps through chunks, a closed one gives them back, the next takes them, since
// fresh memory costs more than a step. Where chunks come from is the backend's affair.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "gatun.h"

namespace gatun {

/// A piece of memory taken from the system.
struct Chunk {
  char* start;
  int64_t bytes;
};

inline bool holds(const Chunk& chunk, const void* address) {
  const auto* const at = static_cast<const char*>(address);
  return at >= chunk.start && at < chunk.start + chunk.bytes;
}

struct MemoryLeft {
  int64_t free_bytes, total_bytes;
};

// ---- What a backend provides ---------------------------------------------------------------------------------------

/// No chunk is smaller.
extern const int64_t smallest_chunk_bytes;
/// Memory the system could still give.
MemoryLeft memory_left(gatun_device* device);
/// At least `bytes` from the system; null where it has none.
char* take_from_system(gatun_device* device, int64_t bytes);
void give_to_system(Chunk chunk);
/// What the device's streams are asked to do from here on comes behind all that they were asked so far.
void order_streams(gatun_device* device);
/// Waits for all that the device's streams were asked to do.
void finish_streams(gatun_device* device);
/// Refuses memory of another library that kernels of the device must not be given.
void admit(gatun_device* device, const void* address, int64_t bytes);
/// Host memory that the device reaches by itself; null where there is none.
void* take_pinned(gatun_device* device, int64_t bytes);
void give_pinned(void* address);
/// Refuses calls from a thread that does not own the device. Unlike check() it takes a device that was lost.
void require_owner(const gatun_device* device);

// ---- What is made of it --------------------------------------------------------------------------------------------

[[noreturn]] void out_of_memory(int64_t asked, MemoryLeft left);

/// Chunks that no scope uses.
class ChunkPool {
 public:
  explicit ChunkPool(gatun_device* device) : device_(device) {}
  ~ChunkPool();
  Chunk take(int64_t least_bytes);
  void give(Chunk chunk);
  /// The chunk is no longer the device's.
  void forget(Chunk chunk);
  void trim();
  int64_t held_bytes() const { return held_bytes_; }

 private:
  gatun_device* device_;
  std::vector<Chunk> free_;
  int64_t held_bytes_ = 0;
};

// A scope shares each thing that it holds with the arrays it exported of it, and so that can outlive the scope and its
// device: whoever lets go last, in whatever thread, gives it back. An array keeps no more than what it lies in; else
// scopes that took over each other's arrays would keep each other for ever.

/// Memory of the system's.
struct HeldChunk {
  Chunk chunk;
  bool serves_again = false;  // and belongs to the device's pool
  explicit HeldChunk(Chunk from) : chunk(from) {}
  HeldChunk(const HeldChunk&) = delete;
  ~HeldChunk() {
    if (!serves_again) give_to_system(chunk);
  }
};

/// An array of another library that a scope has taken over.
struct Loan {
  Chunk at;
  void* managed;
  void (*give_back)(void* managed);
  Loan(Chunk lies_at, void* taken, void (*give)(void*)) : at(lies_at), managed(taken), give_back(give) {}
  Loan(const Loan&) = delete;
  ~Loan() { give_back(managed); }
};

}  // namespace gatun

struct gatun_scope {
  gatun_device* device;
  int64_t cap_bytes;
  gatun_recording* recording;  ///< that plans where its arrays lie; null where chunks of the device's pool do
  int64_t used_bytes = 0;
  std::vector<std::shared_ptr<gatun::HeldChunk>> chunks = {};
  std::vector<std::shared_ptr<gatun::Loan>> loans = {};
  std::vector<gatun::Chunk> lent = {};    ///< memory that others keep for it
  std::vector<gatun::Chunk> arrays = {};  ///< what it was asked for
  char* next = nullptr;
  char* end = nullptr;

  /// Gives its chunks back to the pool, but for those that an exported array keeps.
  ~gatun_scope();
};

namespace gatun {

/// Refuses a null handle and calls from a thread that does not own the device.
void check(gatun_scope* scope);

}  // namespace gatun
