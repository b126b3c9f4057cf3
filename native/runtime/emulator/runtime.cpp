// One emulated device. Calls run at once, so a stream never has work under way; a captured call is kept with copies of
// its arguments. Memory is memory.cpp's affair.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "calls.h"
#include "foreign.h"
#include "grid.h"

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
  const CUgraph_st* capture = nullptr;  // that the last record of it went to
};

namespace gatun::emulator {
namespace {

std::mutex mutex;
CUstream_st legacy{primary_context};

std::set<void*> handles;
std::atomic<int64_t> calls{0}, failing{0};
std::atomic<cudaError_t> failure{cudaSuccess};
thread_local std::set<cudaStream_t> capturing;
thread_local cudaStreamCaptureMode capture_mode = cudaStreamCaptureModeGlobal;
thread_local cudaError_t last = cudaSuccess;
thread_local std::string last_fault;

/// Errors that end all work of the process: every later call answers with them too.
bool is_final(cudaError_t error) {
  return error == cudaErrorECCUncorrectable || (error >= cudaErrorIllegalAddress && error <= cudaErrorLaunchFailure);
}

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

/// Few, so that small samples make every thread walk; the environment may ask for fewer still, or for more.
int processors() {
  const char* const wanted = std::getenv("GATUN_EMULATOR_PROCESSORS");
  return wanted ? std::atoi(wanted) : 3;
}

}  // namespace

cudaError_t answer(cudaError_t error) {
  if (error != cudaSuccess) last = error;
  return error;
}

bool must_fail() {
  const int64_t call = ++calls;
  return call == failing || (failing && call > failing && is_final(failure));
}

cudaError_t injected() { return answer(failure); }
bool allocates_in_capture() {
  if (capture_mode == cudaStreamCaptureModeRelaxed) return false;
  for (auto* stream : capturing) stream->invalidated = true;
  return !capturing.empty();
}

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
  return memory_held() + static_cast<int64_t>(handles.size());
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

}  // namespace

int stream_context(cudaStream_t stream, const void** context) {
  const std::lock_guard lock(mutex);
  if (stream != cudaStreamLegacy && !handles.count(stream)) return driver_invalid_handle;
  *context = stream == cudaStreamLegacy ? primary_context : stream->context;
  return driver_success;
}

cudaStream_t foreign_stream(bool of_primary) {
  return keep(new CUstream_st{of_primary ? primary_context : other_context});
}

int64_t asked_of(cudaStream_t stream) { return (stream == cudaStreamLegacy ? &legacy : stream)->asked; }

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
/// A capture can only wait for what is in it. (A stream that waits for what was captured joins the capture, and must be
/// brought back before it ends; nobody here does, so that is refused at once.)
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  GATUN_EMULATED_CALL;
  if (stream == cudaStreamLegacy) stream = &legacy;
  if (stream->capture.get() == event->capture) return cudaSuccess;
  for (auto* captured : capturing) captured->invalidated = true;
  return answer(cudaErrorStreamCaptureIsolation);
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  GATUN_EMULATED_CALL;
  *event = keep(new CUevent_st);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  GATUN_EMULATED_CALL;
  event->capture = (stream == cudaStreamLegacy ? &legacy : stream)->capture.get();
  return run_or_capture(stream, [=] {
    event->recorded = std::chrono::steady_clock::now();
    return cudaSuccess;
  });
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  GATUN_EMULATED_CALL;
  return answer(event->capture ? cudaErrorStreamCaptureUnsupported : cudaSuccess);
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
/// Ends it, whatever it has to tell.
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  auto captured = std::move(stream->capture);
  capturing.erase(stream);
  *graph = nullptr;
  GATUN_EMULATED_CALL;
  if (!captured) return answer(cudaErrorInvalidValue);
  if (stream->invalidated) return answer(cudaErrorStreamCaptureInvalidated);
  *graph = keep(captured.release());
  return cudaSuccess;
}
/// It asks nothing of the device, and so it never fails.
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  std::swap(*mode, capture_mode);
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  GATUN_EMULATED_CALL;
  *executable = keep(new CUgraphExec_st{graph->nodes});
  return cudaSuccess;
}
/// The count alone.
cudaError_t cudaGraphGetNodes(cudaGraph_t graph, void** nodes, size_t* count) {
  GATUN_EMULATED_CALL;
  if (nodes) return answer(cudaErrorInvalidValue);
  *count = graph->nodes.size();
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
