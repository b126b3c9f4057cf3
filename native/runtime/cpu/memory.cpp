// Where the CPU's chunks come from, and copies.
#include <emmintrin.h>
#include <omp.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "backend.h"
#include "device.h"
#include "dlpack.h"
#include "places.h"
#include "recording.h"
#include "status.h"

using gatun::check;
using gatun::guarded;
using gatun::require;

namespace gatun {
namespace {

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

}  // namespace

// Address space rather than memory: pages that are never touched are never there.
const int64_t smallest_chunk_bytes = 64 << 20;

/// What the system could still give this process, control groups included.
MemoryLeft memory_left(gatun_device*) {
  MemoryLeft memory{number_in("/proc/meminfo", "MemAvailable: %ld kB") << 10,
                    number_in("/proc/meminfo", "MemTotal: %ld kB") << 10};
  const int64_t limit = number_in("/sys/fs/cgroup/memory.max", "%ld");
  // Files that were read and are not in use count as used there, and go where memory is asked for.
  const int64_t used = number_in("/sys/fs/cgroup/memory.current", "%ld") -
                       std::max<int64_t>(0, number_in("/sys/fs/cgroup/memory.stat", "inactive_file %ld"));
  if (limit > 0 && used >= 0 && limit < memory.total_bytes) {
    memory.total_bytes = limit;
    memory.free_bytes = std::min(memory.free_bytes, std::max<int64_t>(0, limit - used));
  }
  return memory;
}

char* take_from_system(gatun_device* device, int64_t bytes) {
  if (bytes > memory_left(device).free_bytes) return nullptr;
  void* start = mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  madvise(start, static_cast<size_t>(bytes), MADV_HUGEPAGE);
  return static_cast<char*>(start);
}

void give_to_system(Chunk chunk) { munmap(chunk.start, static_cast<size_t>(chunk.bytes)); }

/// A call on a stream is done when it returns.
void order_streams(gatun_device*) {}
void finish_streams(gatun_device*) {}

/// The host's memory is the CPU's, whoever allocated it.
void admit(gatun_device*, const void*, int64_t) {}

dlpack::Device dlpack_device(const gatun_device*) { return {dlpack::cpu, 0}; }

void* take_pinned(gatun_device*, int64_t bytes) { return std::malloc(static_cast<size_t>(bytes)); }
void give_pinned(void* address) { std::free(address); }

namespace {

/// Past the caches, which else read every line before it is written. The C library does so too, a quarter slower.
void stream(char* to, const char* from, int64_t bytes) {
  constexpr int64_t line = 64, ahead = 32 * line;
  const auto into_line = static_cast<int64_t>(reinterpret_cast<uintptr_t>(to) % line);
  const int64_t first = std::min(bytes, (line - into_line) % line), end = first + (bytes - first) / line * line;
  std::memcpy(to, from, static_cast<size_t>(first));
  for (int64_t i = first; i < end; i += line) {
    __builtin_prefetch(from + i + ahead);
    for (int64_t part = i; part < i + line; part += int64_t{sizeof(__m128i)})
      _mm_stream_si128(reinterpret_cast<__m128i*>(to + part),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + part)));
  }
  _mm_sfence();
  std::memcpy(to + end, from + end, static_cast<size_t>(bytes - end));
}

/// One thread alone does not fill the way to memory. What the caches hold stays there.
void spread(char* to, const char* from, int64_t bytes) {
  constexpr int64_t least_own = 1 << 20, worth_streaming = 1 << 24;
#pragma omp parallel if (bytes >= 2 * least_own)
  {
    const int64_t me = omp_get_thread_num(), team = omp_get_num_threads();
    const int64_t begin = bytes * me / team, end = bytes * (me + 1) / team;
    if (bytes >= worth_streaming)
      stream(to + begin, from + begin, end - begin);
    else
      std::memcpy(to + begin, from + begin, static_cast<size_t>(end - begin));
  }
}

void copy(gatun_stream& stream, void* to, Argument from, int64_t bytes) {
  if (is_noted(stream)) note_call(stream, "gatun_copy", {Argument(to), from, Argument(bytes)});
  in_order(stream, [=](gatun_stream& on) {
    const Team team(on);
    const WithoutSubnormals until_it_ends;  // which threads that start here have for good
    spread(static_cast<char*>(to), static_cast<const char*>(from.address), bytes);
  });
}

}  // namespace
}  // namespace gatun

gatun_status gatun_copy(gatun_stream* stream, void* to, const void* from, int64_t bytes) {
  return guarded([&] {
    check(stream);
    gatun::require_apart(to, from, bytes);
    gatun::copy(*stream, to, gatun::Argument(from), bytes);
  });
}

gatun_status gatun_copy_to_device(gatun_stream* stream, void* device_address, const void* host_address, int64_t bytes) {
  return guarded([&] {
    check(stream);
    gatun::require_places(device_address, host_address, bytes);
    const auto source = gatun::source_of(*stream, host_address, bytes);
    gatun::copy(*stream, device_address, gatun::Argument::input(source.address), bytes);
  });
}

gatun_status gatun_copy_to_host(gatun_stream* stream, void* host_address, const void* device_address, int64_t bytes) {
  return guarded([&] {
    check(stream);
    gatun::require_places(host_address, device_address, bytes);
    gatun::require_running(*stream, "a copy to the host");
    gatun::copy(*stream, host_address, gatun::Argument(device_address), bytes);
  });
}
