#include "arena.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>

#include "device.h"
#include "recording.h"
#include "status.h"

using gatun::check;
using gatun::guarded;
using gatun::require;

namespace gatun {
namespace {

constexpr int64_t alignment = 256;
constexpr int64_t chunk_unit = 2 << 20;

int64_t round_up(int64_t bytes, int64_t to) { return (bytes + to - 1) / to * to; }

}  // namespace

void out_of_memory(int64_t asked, MemoryLeft left) {
  fail(GATUN_OUT_OF_MEMORY, "out of memory: asked for ", asked, " bytes, ", left.free_bytes, " free of ",
       left.total_bytes);
}

ChunkPool::~ChunkPool() { trim(); }

/// The smallest free chunk that is large enough, unless it wastes more than half of itself; else a new one.
Chunk ChunkPool::take(int64_t least_bytes) {
  auto best = free_.end();
  for (auto chunk = free_.begin(); chunk != free_.end(); ++chunk)
    if (chunk->bytes >= least_bytes && (best == free_.end() || chunk->bytes < best->bytes)) best = chunk;
  if (best != free_.end() && best->bytes / 2 <= std::max(least_bytes, smallest_chunk_bytes)) {
    const Chunk chunk = *best;
    free_.erase(best);
    return chunk;
  }
  const int64_t bytes = round_up(std::max(least_bytes, smallest_chunk_bytes), chunk_unit);
  char* start = take_from_system(device_, bytes);
  if (!start) {
    trim();
    start = take_from_system(device_, bytes);
  }
  if (!start) out_of_memory(bytes, memory_left(device_));
  held_bytes_ += bytes;
  return {start, bytes};
}

void ChunkPool::give(Chunk chunk) { free_.push_back(chunk); }

void ChunkPool::forget(Chunk chunk) { held_bytes_ -= chunk.bytes; }

void ChunkPool::trim() {
  for (const auto& chunk : free_) {
    give_to_system(chunk);
    held_bytes_ -= chunk.bytes;
  }
  free_.clear();
}

void check(gatun_scope* scope) {
  require(scope != nullptr, "the scope is null");
  check(scope->device);
}

}  // namespace gatun

gatun_scope::~gatun_scope() {
  for (const auto& held : chunks) {
    // Exports are made by this thread alone, so a count of one stays one.
    const bool kept = held.use_count() > 1;
    kept ? device->pool.forget(held->chunk) : device->pool.give(held->chunk);
    held->serves_again = !kept;
  }
  // What another thread did with an array it gave back comes before the next use of the memory.
  std::atomic_thread_fence(std::memory_order_acquire);
}

gatun_status gatun_device_memory(gatun_device* device, int64_t* free_bytes, int64_t* total_bytes, int64_t* held_bytes) {
  return guarded([&] {
    check(device);
    require(free_bytes && total_bytes && held_bytes, "an address for the answer is null");
    const auto left = gatun::memory_left(device);
    *free_bytes = left.free_bytes;
    *total_bytes = left.total_bytes;
    *held_bytes = device->pool.held_bytes() + gatun::recorded_bytes(*device);
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
    // What is opened while the device records serves the recording again and again, and nothing else.
    auto opened = std::make_unique<gatun_scope>(gatun_scope{device, cap_bytes, device->recording});
    device->scopes.insert(opened.get());
    *scope = opened.release();
  });
}

gatun_status gatun_scope_close(gatun_scope* scope) {
  return guarded([&] {
    if (!scope) return;
    gatun::require_owner(scope->device);
    if (!scope->loans.empty() || !scope->lent.empty()) gatun::finish_streams(scope->device);
    // Its chunks serve any stream next; the places of a recording the recorded stream alone.
    if (scope->recording) {
      scope->recording->plan.close(scope);
    } else {
      gatun::order_streams(scope->device);
      gatun::forget_lender(scope);
    }
    scope->device->scopes.erase(scope);
    delete scope;
  });
}

gatun_status gatun_scope_allocate(gatun_scope* scope, void** address, int64_t bytes) {
  return guarded([&] {
    check(scope);
    require(address != nullptr, "the address for the memory is null");
    require(bytes >= 0, "bytes is ", bytes, "; it must not be negative");
    constexpr int64_t most = std::numeric_limits<int64_t>::max() - gatun::chunk_unit;  // which round_up takes
    if (bytes > most) gatun::out_of_memory(bytes, gatun::memory_left(scope->device));
    const int64_t room = gatun::round_up(std::max<int64_t>(bytes, 1), gatun::alignment);
    if (scope->cap_bytes && room > scope->cap_bytes - scope->used_bytes)
      gatun::out_of_memory(bytes, {scope->cap_bytes - scope->used_bytes, scope->cap_bytes});
    if (scope->recording) {
      require(scope->recording->course != gatun::Course::run, "the recording that the scope was opened in has ended");
      auto& plan = scope->recording->plan;
      *address = scope->recording->course == gatun::Course::plan ? plan.ask(scope, room) : plan.next(room);
    } else if (room > scope->end - scope->next) {
      const auto chunk = scope->device->pool.take(room);
      scope->chunks.push_back(std::make_shared<gatun::HeldChunk>(chunk));
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
    if (!scope->recording) scope->arrays.push_back({static_cast<char*>(*address), room});
  });
}

gatun_status gatun_scope_lend(gatun_scope* scope, const void* address, int64_t bytes) {
  return guarded([&] {
    check(scope);
    require(bytes >= 0, "bytes is ", bytes, "; it must not be negative");
    require(!scope->recording, "the scope was opened while recording: lend to one that was open before");
    if (!bytes) return;
    require(address != nullptr, "the address of ", bytes, " bytes is null");
    gatun::admit(scope->device, address, bytes);
    const auto* const start = static_cast<const char*>(address);
    const bool is_known = std::any_of(scope->lent.begin(), scope->lent.end(), [&](const gatun::Chunk& known) {
      return start >= known.start && bytes <= known.bytes && start - known.start <= known.bytes - bytes;
    });
    if (!is_known) scope->lent.push_back({const_cast<char*>(start), bytes});
  });
}

gatun_status gatun_pinned_allocate(gatun_device* device, void** host_address, int64_t bytes) {
  return guarded([&] {
    check(device);
    require(host_address != nullptr, "the address for the memory is null");
    require(bytes > 0, "bytes is ", bytes, "; it must be positive");
    void* const address = gatun::take_pinned(device, bytes);
    if (!address) gatun::fail(GATUN_OUT_OF_MEMORY, "the host cannot pin ", bytes, " bytes");
    device->pinned.insert(address);
    *host_address = address;
  });
}

gatun_status gatun_pinned_free(gatun_device* device, void* host_address) {
  return guarded([&] {
    require(device != nullptr, "the device is null");
    gatun::require_owner(device);
    if (!host_address) return;
    require(device->pinned.erase(host_address), "the address is not that of pinned memory of this device");
    gatun::give_pinned(host_address);
  });
}
