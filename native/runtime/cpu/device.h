// What the opaque handles of gatun.h are on the CPU.
#pragma once
#include <pthread.h>

#include <cstdint>
#include <set>
#include <vector>

#include "gatun.h"
#include "level.h"

namespace gatun {

/// A piece of memory taken from the system.
struct Chunk {
  char* start;
  int64_t bytes;
};

/// Chunks that no scope uses; the next scope takes them, since the first touch of fresh memory costs more than a step.
class ChunkPool {
 public:
  ~ChunkPool();
  Chunk take(int64_t least_bytes);
  void give(Chunk chunk);
  void trim();
  int64_t held_bytes() const { return held_bytes_; }

 private:
  std::vector<Chunk> free_;
  int64_t held_bytes_ = 0;
};

struct HostMemory {
  int64_t free_bytes, total_bytes;
};

/// What the system could still give this process, control groups included.
HostMemory host_memory();

}  // namespace gatun

struct gatun_device {
  pthread_t owner;
  int threads;
  gatun::Level level;
  gatun::ChunkPool pool;
  std::set<gatun_stream*> streams;
  std::set<gatun_scope*> scopes;
};

struct gatun_stream {
  gatun_device* device;
};

struct gatun_scope {
  gatun_device* device;
  int64_t cap_bytes;
  int64_t used_bytes = 0;
  std::vector<gatun::Chunk> chunks;
  char* next = nullptr;
  char* end = nullptr;
};

namespace gatun {

/// Refuses null handles and calls from a thread that does not own the device.
void check(const gatun_device* device);
void check(const gatun_stream* stream);
void check(const gatun_scope* scope);

}  // namespace gatun
