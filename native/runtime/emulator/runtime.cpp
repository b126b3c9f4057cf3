// One emulated device. Calls run at once, so a stream never has work under way; a captured call is kept with copies of
// its arguments. Device memory lies between pages that nobody may touch.
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "cuda_runtime.h"
#include "foreign.h"

struct CUgraph_st {
  std::vector<std::function<cudaError_t()>> nodes;
};
struct CUgraphExec_st {
  std::vector<std::function<cudaError_t()>> nodes;
};
struct CUstream_st {
  const void* context;
  std::atomic<int64_t> asked{0};
  std::unique_ptr<CUgraph_st> capture{};
  bool invalidated = false;
};
struct CUevent_st {
  std::chrono::steady_clock::time_point recorded;
};

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

const char contexts[2] = {};
const void *const primary = &contexts[0], *const another = &contexts[1];
CUstream_st legacy{primary};

std::map<const char*, Mapped> mapped;
std::set<void*> host, handles;
size_t used_bytes = 0;
std::atomic<int64_t> calls{0}, failing{0};
std::atomic<cudaError_t> failure{cudaSuccess};
thread_local std::set<cudaStream_t> capturing;
thread_local cudaError_t last = cudaSuccess;
thread_local std::string last_fault;

cudaError_t answer(cudaError_t error) {
  if (error != cudaSuccess) last = error;
  return error;
}

/// Errors that end all work of the process: every later call answers with them too.
bool is_final(cudaError_t error) {
  return error == cudaErrorECCUncorrectable || (error >= cudaErrorIllegalAddress && error <= cudaErrorLaunchFailure);
}

/// Counts a call; true where it must fail.
bool must_fail() {
  const int64_t call = ++calls;
  return call == failing || (failing && call > failing && is_final(failure));
}

/// The answer of a call that gives something back: it does so, whatever it has to tell of the work before it.
cudaError_t given_back() { return must_fail() ? answer(failure) : cudaSuccess; }

#define GATUN_EMULATED_CALL \
  if (must_fail()) return answer(failure)

cudaError_t run_or_capture(cudaStream_t stream, std::function<cudaError_t()> work) {
  if (stream == cudaStreamLegacy) stream = &legacy;
  if (!stream) return answer(cudaErrorInvalidResourceHandle);
  stream->asked++;
  if (!stream->capture) return answer(work());
  stream->capture->nodes.push_back(std::move(work));
  return cudaSuccess;
}

/// A wait for what has only been written down would never end: it is refused, and spoils the capture.
bool waits_for_capture(cudaStream_t stream) {
  if (!stream || stream == cudaStreamLegacy || !stream->capture) return false;
  stream->invalidated = true;
  return true;
}

/// To allocate may wait for work under way: where this thread has a capture open it is refused, and spoils the capture.
bool allocates_in_capture() {
  for (auto* stream : capturing) stream->invalidated = true;
  return !capturing.empty();
}

/// Few, so that small samples make every thread walk; the environment may ask for fewer still, or for more.
int processors() {
  const char* const wanted = std::getenv("GATUN_EMULATOR_PROCESSORS");
  return wanted ? std::atoi(wanted) : 3;
}

cudaError_t map_memory(void** address, size_t bytes, const void* context = primary) {
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

}  // namespace

cudaError_t submit(const char* kernel, Extent grid, Extent block, int64_t shared_bytes, cudaStream_t stream,
                   std::function<void()> body) {
  GATUN_EMULATED_CALL;
  return run_or_capture(stream, [=, body = std::move(body)] {
    try {
      run_grid(kernel, grid, block, shared_bytes, body);
      return cudaSuccess;
    } catch (const std::exception& fault) {
      last_fault = fault.what();
      return cudaErrorLaunchFailure;
    }
  });
}

void fail_at(int64_t n, cudaError_t error) {
  failure = error;
  calls = 0;
  failing = n;
}
int64_t calls_made() { return calls; }
int64_t held() {
  const std::lock_guard lock(mutex);
  return static_cast<int64_t>(mapped.size() + host.size() + handles.size());
}

namespace {

template <class T> T* keep(T* handle) {
  const std::lock_guard lock(mutex);
  handles.insert(handle);
  return handle;
}
template <class T> bool forget(T* handle) {
  const std::lock_guard lock(mutex);
  return handles.erase(handle) == 1;
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
enum DriverResult : int { driver_success = 0, driver_invalid_value = 1, driver_invalid_handle = 400 };
enum PointerAttribute : int { context_of_memory = 1, start_of_range = 11, size_of_range = 12 };

int device_of_ordinal(int* device, int ordinal) {
  *device = ordinal;
  return driver_success;
}

int retain_primary(const void** context, int) {
  *context = primary;
  return driver_success;
}

int release_primary(int) { return driver_success; }

int stream_context(cudaStream_t stream, const void** context) {
  const std::lock_guard lock(mutex);
  if (stream != cudaStreamLegacy && !handles.count(stream)) return driver_invalid_handle;
  *context = stream == cudaStreamLegacy ? primary : stream->context;
  return driver_success;
}

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

}  // namespace

cudaStream_t foreign_stream(bool of_primary) { return keep(new CUstream_st{of_primary ? primary : another}); }

int64_t asked_of(cudaStream_t stream) { return (stream == cudaStreamLegacy ? &legacy : stream)->asked; }

void* foreign_memory(int64_t bytes, Foreign kind) {
  void* address = nullptr;
  const auto size = static_cast<size_t>(bytes);
  switch (kind) {
    case Foreign::device_memory:
      map_memory(&address, size);
      break;
    case Foreign::memory_of_another_context:
      map_memory(&address, size, another);
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

cudaError_t cudaGetDeviceCount(int* count) {
  GATUN_EMULATED_CALL;
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  GATUN_EMULATED_CALL;
  return answer(device == 0 ? cudaSuccess : cudaErrorInvalidDevice);
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  GATUN_EMULATED_CALL;
  if (device != 0) return answer(cudaErrorInvalidDevice);
  *properties = {"emulated device", 8, 0};
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int device) {
  GATUN_EMULATED_CALL;
  if (device != 0) return answer(cudaErrorInvalidDevice);
  *value =
      which == cudaDevAttrMultiProcessorCount ? processors() : static_cast<int>(gatun::emulator::granted_shared_bytes);
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = 0;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 0;
  return cudaSuccess;
}
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
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  GATUN_EMULATED_CALL;
  return run_or_capture(stream, [=] {
    std::memmove(to, from, bytes);
    return cudaSuccess;
  });
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  GATUN_EMULATED_CALL;
  *stream = foreign_stream(true);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  if (!forget(stream)) return answer(cudaErrorInvalidResourceHandle);
  capturing.erase(stream);
  delete stream;
  return given_back();
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  GATUN_EMULATED_CALL;
  return answer(waits_for_capture(stream) ? cudaErrorStreamCaptureUnsupported : cudaSuccess);
}
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) {
  GATUN_EMULATED_CALL;
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  GATUN_EMULATED_CALL;
  *event = keep(new CUevent_st);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  GATUN_EMULATED_CALL;
  return run_or_capture(stream, [=] {
    event->recorded = std::chrono::steady_clock::now();
    return cudaSuccess;
  });
}
cudaError_t cudaEventSynchronize(cudaEvent_t) {
  GATUN_EMULATED_CALL;
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
  GATUN_EMULATED_CALL;
  *milliseconds = std::chrono::duration<float, std::milli>(to->recorded - from->recorded).count();
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  if (!forget(event)) return answer(cudaErrorInvalidResourceHandle);
  delete event;
  return given_back();
}
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  GATUN_EMULATED_CALL;
  if (stream->capture) return answer(cudaErrorInvalidValue);
  stream->capture = std::make_unique<CUgraph_st>();
  stream->invalidated = false;
  capturing.insert(stream);
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  GATUN_EMULATED_CALL;
  auto captured = std::move(stream->capture);
  capturing.erase(stream);
  *graph = nullptr;
  if (!captured) return answer(cudaErrorInvalidValue);
  if (stream->invalidated) return answer(cudaErrorStreamCaptureInvalidated);
  *graph = keep(captured.release());
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  GATUN_EMULATED_CALL;
  *executable = keep(new CUgraphExec_st{graph->nodes});
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  GATUN_EMULATED_CALL;
  return run_or_capture(stream, [=] {
    for (const auto& node : executable->nodes)
      if (const auto error = node(); error != cudaSuccess) return error;
    return cudaSuccess;
  });
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  if (!forget(graph)) return answer(cudaErrorInvalidResourceHandle);
  delete graph;
  return given_back();
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  if (!forget(executable)) return answer(cudaErrorInvalidResourceHandle);
  delete executable;
  return given_back();
}
cudaError_t cudaGetLastError() {
  const auto error = last;
  last = cudaSuccess;
  return error;
}
const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorLaunchFailure:
      return last_fault.empty() ? "unspecified launch failure" : last_fault.c_str();
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    default:
      return "an error of the emulated runtime";
  }
}
