// What the opaque handles of gatun.h are on the CPU.
#pragma once
#include <pthread.h>

#include <chrono>
#include <optional>
#include <set>

#include "arena.h"
#include "gatun.h"
#include "level.h"

struct gatun_device {
  pthread_t owner;
  int threads;
  gatun::Level level;
  gatun::ChunkPool pool{this};
  std::set<gatun_stream*> streams{};
  std::set<gatun_event*> events{};
  std::set<gatun_scope*> scopes{};
  std::set<gatun_recording*> recordings{};
  gatun_recording* recording = nullptr;  ///< that is being made
  std::set<void*> pinned{};
};

struct gatun_stream {
  gatun_device* device;
};

struct gatun_event {
  gatun_device* device;
  std::optional<std::chrono::steady_clock::time_point> recorded;
};

namespace gatun {

/// Refuses null handles and calls from a thread that does not own the device.
void check(const gatun_device* device);
void check(const gatun_stream* stream);

}  // namespace gatun
