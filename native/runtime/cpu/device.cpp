// Opening, describing and closing a CPU device; streams run each call at once, so joining one has nothing to wait for.
#include "device.h"

#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "backend.h"
#include "products.h"
#include "recording.h"
#include "status.h"

using gatun::check;
using gatun::guarded;
using gatun::require;

namespace gatun {

void check(const gatun_device* device) {
  require(device != nullptr, "the device is null");
  require_owner(device);
}

void require_owner(const gatun_device* device) {
  require(pthread_equal(device->owner, pthread_self()),
          "the device belongs to the thread that opened it; this is another one");
}

void check(const gatun_stream* stream) {
  require(stream != nullptr, "the stream is null");
  check(stream->device);
}

Team::Team(const gatun_stream& stream) : before_(omp_get_max_threads()) { omp_set_num_threads(stream.device->threads); }

Team::~Team() { omp_set_num_threads(before_); }

Level level_of(const gatun_stream& stream) { return stream.device->level; }

namespace {

/// More than any machine has; the OpenMP library ends a process that the system refuses so many.
constexpr int32_t most_threads = 1024;

int usable_processors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

std::string processor_name() {
  std::string name = "unknown";
  if (FILE* file = std::fopen("/proc/cpuinfo", "r")) {
    char line[256];
    while (std::fgets(line, sizeof line, file))
      if (const char* colon = std::strchr(line, ':'); colon && !std::strncmp(line, "model name", 10)) {
        name.assign(colon + 2, std::strcspn(colon + 2, "\n"));
        break;
      }
    std::fclose(file);
  }
  return name;
}

std::string describe(const gatun_device& device) {
  const auto memory = memory_left(nullptr);
  std::ostringstream text;
  text << "backend: cpu\ndevice: " << processor_name() << "\ninstruction set: x86-64-" << name_of(device.level)
       << "\nthreads: " << device.threads << "\nmemory free: " << (memory.free_bytes >> 20)
       << " MiB\nmemory total: " << (memory.total_bytes >> 20) << " MiB\nmatrix products: " << products_version()
       << "\n";
  return text.str();
}

}  // namespace
}  // namespace gatun

gatun_status gatun_choose_cublaslt(const char* file) {
  return guarded([&] { require(file && *file, "the file is not named"); });
}

gatun_status gatun_device_open(gatun_device** device, int32_t ordinal, int32_t threads) {
  return guarded([&] {
    require(device != nullptr, "the address for the device is null");
    require(ordinal == 0, "CPU device ", ordinal, " does not exist; there is only device 0");
    require(threads >= 0 && threads <= gatun::most_threads, "threads is ", threads, "; it must be 1 to ",
            gatun::most_threads, ", or 0 for all");
    const auto level = gatun::choose_level();
    gatun::lower_products_to(level);
    auto opened = std::make_unique<gatun_device>();
    opened->owner = pthread_self();
    opened->threads = threads ? threads : gatun::usable_processors();
    opened->level = level;
    *device = opened.release();
  });
}

gatun_status gatun_device_close(gatun_device* device) {
  return guarded([&] {
    if (!device) return;
    check(device);
    for (auto* scope : device->scopes) delete scope;
    for (auto* recording : device->recordings) delete recording;
    for (auto* address : device->pinned) gatun::give_pinned(address);
    for (auto* event : device->events) delete event;
    for (auto* stream : device->streams) delete stream;
    delete device;
  });
}

gatun_status gatun_device_describe(gatun_device* device, char* text, int64_t capacity_bytes) {
  return guarded([&] {
    check(device);
    require(text != nullptr && capacity_bytes > 0, "there is no room for the description");
    const auto description = gatun::describe(*device);
    const auto length = std::min<int64_t>(static_cast<int64_t>(description.size()), capacity_bytes - 1);
    std::memcpy(text, description.data(), static_cast<size_t>(length));
    text[length] = 0;
  });
}

gatun_status gatun_stream_open(gatun_device* device, gatun_stream** stream) {
  return guarded([&] {
    check(device);
    require(stream != nullptr, "the address for the stream is null");
    gatun::require_no_recording(*device, "to open a stream");
    auto opened = std::make_unique<gatun_stream>(gatun_stream{device});
    device->streams.insert(opened.get());
    *stream = opened.release();
  });
}

gatun_status gatun_stream_wrap(gatun_device* device, gatun_stream** stream, void*) {
  return guarded([&] {
    check(device);
    require(stream != nullptr, "the address for the stream is null");
    gatun::fail(GATUN_UNSUPPORTED, "the CPU has no streams of other libraries: only a CUDA device can wrap one");
  });
}

gatun_status gatun_stream_close(gatun_stream* stream) {
  return guarded([&] {
    if (!stream) return;
    check(stream);
    gatun::require_unrecorded(stream);
    stream->device->streams.erase(stream);
    delete stream;
  });
}

gatun_status gatun_stream_join(gatun_stream* stream) {
  return guarded([&] {
    check(stream);
    gatun::require_running(*stream, "to wait for it");
  });
}
