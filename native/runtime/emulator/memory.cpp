// The emulated device's memory, pinned memory, and what the driver says of both. Device memory lies between pages that
// nobody may touch.
#include <sys/mman.h>

#include <map>
#include <mutex>
#include <new>
#include <set>
#include <string>

#include "calls.h"
#include "foreign.h"

namespace gatun::emulator {
namespace {

constexpr size_t page = 4096;
constexpr size_t total_bytes = size_t{8} << 30;

std::mutex mutex;
/// Device memory as it was mapped, between its two pages, and where it belongs.
struct Mapped {
  char* start;
  size_t bytes;
  const void* context;  // null: to a memory pool
};

std::map<const char*, Mapped> mapped;
std::set<void*> host;
size_t used_bytes = 0;

cudaError_t map_memory(void** address, size_t bytes, const void* context = primary_context) {
  const size_t rounded = (bytes + page - 1) / page * page;
  const std::lock_guard lock(mutex);
  if (used_bytes + rounded > total_bytes) return answer(cudaErrorMemoryAllocation);
  void* start = mmap(nullptr, rounded + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) return answer(cudaErrorMemoryAllocation);
  char* inside = static_cast<char*>(start) + page;
  mprotect(inside, rounded, PROT_READ | PROT_WRITE);
  mapped[inside] = {static_cast<char*>(start), rounded, context};
  used_bytes += rounded;
  *address = inside;
  return cudaSuccess;
}

/// The device memory that an address lies in; the lock is held.
const Mapped* around(const void* address) {
  const auto* at = static_cast<const char*>(address);
  const auto behind = mapped.upper_bound(at);
  if (behind == mapped.begin()) return nullptr;
  const auto& [start, memory] = *std::prev(behind);
  return at < start + memory.bytes ? &memory : nullptr;
}

// The driver's functions and what they answer with, by the numbers of its header.
enum PointerAttribute : int { context_of_memory = 1, start_of_range = 11, size_of_range = 12 };

int device_of_ordinal(int* device, int ordinal) {
  *device = ordinal;
  return driver_success;
}

int retain_primary(const void** context, int) {
  *context = primary_context;
  return driver_success;
}

int release_primary(int) { return driver_success; }

int pointer_attribute(void* value, PointerAttribute attribute, unsigned long long address) {
  const std::lock_guard lock(mutex);
  const auto* const memory = around(reinterpret_cast<const void*>(address));
  if (!memory) return driver_invalid_value;
  switch (attribute) {
    case context_of_memory:
      if (!memory->context) return driver_invalid_value;
      *static_cast<const void**>(value) = memory->context;
      return driver_success;
    case start_of_range:
      *static_cast<const void**>(value) = memory->start + page;
      return driver_success;
    case size_of_range:
      *static_cast<size_t*>(value) = memory->bytes;
      return driver_success;
  }
  return driver_invalid_value;
}

const std::map<std::string, void*> driver_functions{
    {"cuDeviceGet", reinterpret_cast<void*>(device_of_ordinal)},
    {"cuDevicePrimaryCtxRetain", reinterpret_cast<void*>(retain_primary)},
    {"cuDevicePrimaryCtxRelease", reinterpret_cast<void*>(release_primary)},
    {"cuStreamGetCtx", reinterpret_cast<void*>(stream_context)},
    {"cuPointerGetAttribute", reinterpret_cast<void*>(pointer_attribute)},
};

const char contexts[2] = {};

}  // namespace

const void *const primary_context = &contexts[0], *const other_context = &contexts[1];

int64_t memory_held() {
  const std::lock_guard lock(mutex);
  return static_cast<int64_t>(mapped.size() + host.size());
}

void* foreign_memory(int64_t bytes, Foreign kind) {
  void* address = nullptr;
  const auto size = static_cast<size_t>(bytes);
  switch (kind) {
    case Foreign::device_memory:
      map_memory(&address, size);
      break;
    case Foreign::memory_of_another_context:
      map_memory(&address, size, other_context);
      break;
    case Foreign::pool_memory:
      map_memory(&address, size, nullptr);
      break;
    case Foreign::host_memory:
      cudaHostAlloc(&address, size, cudaHostAllocDefault);
      break;
  }
  return address;
}

}  // namespace gatun::emulator

using namespace gatun::emulator;

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  GATUN_EMULATED_CALL;
  const std::lock_guard lock(gatun::emulator::mutex);
  *free = total_bytes - used_bytes;
  *total = total_bytes;
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** address, size_t bytes) {
  GATUN_EMULATED_CALL;
  if (allocates_in_capture()) return answer(cudaErrorStreamCaptureUnsupported);
  return map_memory(address, bytes);
}
cudaError_t cudaFree(void* address) {
  if (!address) return cudaSuccess;
  if (allocates_in_capture()) return answer(cudaErrorStreamCaptureUnsupported);
  const std::lock_guard lock(gatun::emulator::mutex);
  const auto found = mapped.find(static_cast<char*>(address));
  if (found == mapped.end()) return answer(cudaErrorInvalidValue);
  munmap(found->second.start, found->second.bytes + 2 * page);
  used_bytes -= found->second.bytes;
  mapped.erase(found);
  return given_back();
}
cudaError_t cudaHostAlloc(void** address, size_t bytes, unsigned) {
  GATUN_EMULATED_CALL;
  if (allocates_in_capture()) return answer(cudaErrorStreamCaptureUnsupported);
  *address = ::operator new(bytes, std::nothrow);
  if (!*address) return answer(cudaErrorMemoryAllocation);
  const std::lock_guard lock(gatun::emulator::mutex);
  host.insert(*address);
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* address) {
  if (allocates_in_capture()) return answer(cudaErrorStreamCaptureUnsupported);
  const std::lock_guard lock(gatun::emulator::mutex);
  if (!host.erase(address)) return answer(cudaErrorInvalidValue);
  ::operator delete(address);
  return given_back();
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* address) {
  GATUN_EMULATED_CALL;
  const std::lock_guard lock(gatun::emulator::mutex);
  const bool pinned = host.count(const_cast<void*>(address)) != 0;
  *attributes = {around(address) ? cudaMemoryTypeDevice : pinned ? cudaMemoryTypeHost : cudaMemoryTypeUnregistered, 0};
  return cudaSuccess;
}
cudaError_t cudaGetDriverEntryPointByVersion(const char* symbol, void** function, unsigned, unsigned long long,
                                             cudaDriverEntryPointQueryResult* result) {
  GATUN_EMULATED_CALL;
  const auto found = driver_functions.find(symbol);
  *function = found == driver_functions.end() ? nullptr : found->second;
  if (result) *result = *function ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
  return cudaSuccess;
}
