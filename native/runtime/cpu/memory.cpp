// Scopes on the CPU: bump allocation in chunks that the device keeps from scope to scope.
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

#include "device.h"
#include "status.h"

using gatun::check;
using gatun::guarded;
using gatun::require;

namespace gatun {
namespace {

constexpr int64_t alignment = 256;
// Address space rather than memory: pages that are never touched are never there.
constexpr int64_t smallest_chunk = 64 << 20;
constexpr int64_t huge_page = 2 << 20;

int64_t round_up(int64_t bytes, int64_t to) { return (bytes + to - 1) / to * to; }

/// A number out of a file such as /proc/meminfo; -1 where there is none.
int64_t number_in(const char* path, const char* format) {
  int64_t value = -1;
  if (FILE* file = std::fopen(path, "r")) {
    char line[128];
    while (std::fgets(line, sizeof line, file))
      if (std::sscanf(line, format, &value) == 1) break;
    std::fclose(file);
  }
  return value;
}

[[noreturn]] void out_of_memory(int64_t asked, int64_t free, int64_t total) {
  fail(GATUN_OUT_OF_MEMORY, "out of memory: asked for ", asked, " bytes, ", free, " free of ", total);
}

}  // namespace

HostMemory host_memory() {
  HostMemory memory{number_in("/proc/meminfo", "MemAvailable: %ld kB") << 10,
                    number_in("/proc/meminfo", "MemTotal: %ld kB") << 10};
  const int64_t limit = number_in("/sys/fs/cgroup/memory.max", "%ld");
  const int64_t used = number_in("/sys/fs/cgroup/memory.current", "%ld");
  if (limit > 0 && used >= 0 && limit < memory.total_bytes) {
    memory.total_bytes = limit;
    memory.free_bytes = std::min(memory.free_bytes, std::max<int64_t>(0, limit - used));
  }
  return memory;
}

ChunkPool::~ChunkPool() { trim(); }

/// The smallest free chunk that is large enough, unless it wastes more than half of itself; else a new one.
Chunk ChunkPool::take(int64_t least_bytes) {
  auto best = free_.end();
  for (auto chunk = free_.begin(); chunk != free_.end(); ++chunk)
    if (chunk->bytes >= least_bytes && (best == free_.end() || chunk->bytes < best->bytes)) best = chunk;
  if (best != free_.end() && best->bytes / 2 <= std::max(least_bytes, smallest_chunk)) {
    const Chunk chunk = *best;
    free_.erase(best);
    return chunk;
  }
  const int64_t bytes = round_up(std::max(least_bytes, smallest_chunk), huge_page);
  if (const auto memory = host_memory(); bytes > memory.free_bytes) {
    trim();
    if (const auto now = host_memory(); bytes > now.free_bytes) out_of_memory(bytes, now.free_bytes, now.total_bytes);
  }
  void* start = mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) {
    const auto memory = host_memory();
    out_of_memory(bytes, memory.free_bytes, memory.total_bytes);
  }
  madvise(start, static_cast<size_t>(bytes), MADV_HUGEPAGE);
  held_bytes_ += bytes;
  return {static_cast<char*>(start), bytes};
}

void ChunkPool::give(Chunk chunk) { free_.push_back(chunk); }

void ChunkPool::trim() {
  for (const auto& chunk : free_) {
    munmap(chunk.start, static_cast<size_t>(chunk.bytes));
    held_bytes_ -= chunk.bytes;
  }
  free_.clear();
}

void check(const gatun_scope* scope) {
  require(scope != nullptr, "the scope is null");
  check(scope->device);
}

}  // namespace gatun

gatun_status gatun_device_memory(gatun_device* device, int64_t* free_bytes, int64_t* total_bytes, int64_t* held_bytes) {
  return guarded([&] {
    check(device);
    require(free_bytes && total_bytes && held_bytes, "an address for the answer is null");
    const auto memory = gatun::host_memory();
    *free_bytes = memory.free_bytes;
    *total_bytes = memory.total_bytes;
    *held_bytes = device->pool.held_bytes();
  });
}

gatun_status gatun_device_trim(gatun_device* device) {
  return guarded([&] {
    check(device);
    device->pool.trim();
  });
}

gatun_status gatun_scope_open(gatun_device* device, gatun_scope** scope, int64_t cap_bytes) {
  return guarded([&] {
    check(device);
    require(scope != nullptr, "the address for the scope is null");
    require(cap_bytes >= 0, "cap_bytes is ", cap_bytes, "; it must be positive, or 0 for no bound");
    auto opened = std::make_unique<gatun_scope>(gatun_scope{device, cap_bytes, 0, {}, nullptr, nullptr});
    device->scopes.insert(opened.get());
    *scope = opened.release();
  });
}

gatun_status gatun_scope_close(gatun_scope* scope) {
  return guarded([&] {
    if (!scope) return;
    check(scope);
    for (const auto& chunk : scope->chunks) scope->device->pool.give(chunk);
    scope->device->scopes.erase(scope);
    delete scope;
  });
}

gatun_status gatun_scope_allocate(gatun_scope* scope, void** address, int64_t bytes) {
  return guarded([&] {
    check(scope);
    require(address != nullptr, "the address for the memory is null");
    require(bytes >= 0, "bytes is ", bytes, "; it must not be negative");
    const int64_t room = gatun::round_up(std::max<int64_t>(bytes, 1), gatun::alignment);
    if (scope->cap_bytes && room > scope->cap_bytes - scope->used_bytes)
      gatun::out_of_memory(bytes, scope->cap_bytes - scope->used_bytes, scope->cap_bytes);
    if (room > scope->end - scope->next) {
      const auto chunk = scope->device->pool.take(room);
      scope->chunks.push_back(chunk);
      // The larger rest stays open for the next allocations.
      if (chunk.bytes - room >= scope->end - scope->next) {
        scope->next = chunk.start + room;
        scope->end = chunk.start + chunk.bytes;
      }
      *address = chunk.start;
    } else {
      *address = scope->next;
      scope->next += room;
    }
    scope->used_bytes += room;
  });
}

gatun_status gatun_copy(gatun_stream* stream, void* to, const void* from, int64_t bytes) {
  return guarded([&] {
    check(stream);
    require(bytes >= 0, "bytes is ", bytes, "; it must not be negative");
    require(bytes == 0 || (to && from), "an address to copy between is null");
    std::memmove(to, from, static_cast<size_t>(bytes));
  });
}

gatun_status gatun_copy_to_device(gatun_stream* stream, void* device_address, const void* host_address, int64_t bytes) {
  return gatun_copy(stream, device_address, host_address, bytes);
}

gatun_status gatun_copy_to_host(gatun_stream* stream, void* host_address, const void* device_address, int64_t bytes) {
  return gatun_copy(stream, host_address, device_address, bytes);
}
