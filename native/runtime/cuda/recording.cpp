// Recordings on CUDA: the calls of a stream as a graph.
#include "recording.h"

#include <cstring>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "device.h"
#include "status.h"

namespace gatun {

/// Pinned memory that what changes passes through on its way to the device, a few replays at a time, so that the host
/// need not wait for one before it asks for the next.
class Ring {
 public:
  Ring(gatun_device* device, int64_t bytes) : device_(device), bytes_(bytes), slots_(slot_count) {
    start_.reset(static_cast<char*>(take_pinned(device, bytes * slot_count)));
    if (!start_) fail(GATUN_OUT_OF_MEMORY, "the host cannot pin ", bytes * slot_count, " bytes");
    for (auto& sent : slots_) {
      cudaEvent_t event = nullptr;
      require_cuda(device, cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "recording");
      sent.reset(event);
    }
  }

  void send(cudaStream_t stream, void* to, const void* from) {
    const size_t slot = next_++ % slot_count;
    const auto sent = slots_[slot].get();
    require_cuda(device_, cudaEventSynchronize(sent), "waiting for an earlier replay");
    char* const at = start_.get() + static_cast<int64_t>(slot) * bytes_;
    std::memcpy(at, from, static_cast<size_t>(bytes_));
    require_cuda(device_, cudaMemcpyAsync(to, at, static_cast<size_t>(bytes_), cudaMemcpyHostToDevice, stream),
                 "sending what changes");
    require_cuda(device_, cudaEventRecord(sent, stream), "sending what changes");
  }

 private:
  static constexpr size_t slot_count = 4;
  struct Unpinned {
    void operator()(char* start) const { give_pinned(start); }
  };
  struct Destroyed {
    void operator()(cudaEvent_t event) const { cudaEventDestroy(event); }
  };
  gatun_device* device_;
  int64_t bytes_;
  std::unique_ptr<char, Unpinned> start_;
  std::vector<std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, Destroyed>> slots_;
  size_t next_ = 0;
};

class Calls {
 public:
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  std::optional<Ring> ring;
  ~Calls() {
    const BesideCapture beside;
    if (executable) cudaGraphExecDestroy(executable);
    if (graph) cudaGraphDestroy(graph);
  }
};

void CallsDeleter::operator()(Calls* calls) const { delete calls; }

void set_planned(gatun_stream& stream, bool planned) { stream.planned = planned; }

void begin_keeping(gatun_recording& recording) {
  auto& stream = *recording.stream;
  recording.calls.reset(new Calls);
  if (const int64_t bytes = recording.inputs.changing_bytes()) recording.calls->ring.emplace(stream.device, bytes);
  // While its calls are kept the stream cannot be asked how far it is.
  require_cuda(stream.device, cudaEventRecord(stream.asked, stream.handle), "recording");
  require_cuda(stream.device, cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeThreadLocal), "recording");
}

void end_keeping(gatun_recording& recording) {
  auto& calls = *recording.calls;
  auto* const device = recording.stream->device;
  require_cuda(device, cudaStreamEndCapture(recording.stream->handle, &calls.graph), "recording");
  require_cuda(device, cudaGraphInstantiate(&calls.executable, calls.graph, 0), "recording");
  // Scopes that were closed meanwhile could not have it wait for the others.
  order_streams(device);
}

void drop_kept(gatun_recording& recording) {
  cudaStreamEndCapture(recording.stream->handle, &recording.calls->graph);
  cudaGetLastError();
}

void send_inputs(gatun_recording& recording, int64_t bytes) {
  auto* const device = recording.stream->device;
  const auto stream = recording.stream->handle;
  const auto& inputs = recording.inputs;
  if (bytes > inputs.changing_bytes()) {
    require_cuda(
        device,
        cudaMemcpyAsync(inputs.block(), inputs.image(), static_cast<size_t>(bytes), cudaMemcpyHostToDevice, stream),
        "sending what does not change");
    require_cuda(device, cudaStreamSynchronize(stream), "sending what does not change");
  } else if (bytes) {
    recording.calls->ring->send(stream, inputs.block(), inputs.image());
  }
}

void run_calls(gatun_recording& recording) {
  auto* const stream = recording.stream;
  require_cuda(stream->device, cudaGraphLaunch(recording.calls->executable, stream->handle), "replaying");
}

int64_t count_of(const gatun_recording& recording) {
  size_t count = 0;
  if (recording.calls && recording.calls->graph)
    require_cuda(recording.stream->device, cudaGraphGetNodes(recording.calls->graph, nullptr, &count),
                 "counting what was recorded");
  return static_cast<int64_t>(count);
}

Opening opening_of(const gatun_device& device) { return {device.ordinal, 0}; }

}  // namespace gatun
