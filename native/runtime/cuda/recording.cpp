// Recordings on CUDA: the calls of a stream as a graph.
#include "recording.h"

#include <cstring>
#include <optional>

#include "device.h"
#include "status.h"

namespace gatun {

/// Pinned memory that what changes passes through on its way to the device, a few replays at a time, so that the host
/// need not wait for one before it asks for the next.
class Ring {
 public:
  Ring(gatun_device* device, int64_t bytes) : device_(device), bytes_(bytes) {
    start_ = static_cast<char*>(take_pinned(device, bytes * slots));
    if (!start_) fail(GATUN_OUT_OF_MEMORY, "the host cannot pin ", bytes * slots, " bytes");
    for (auto& event : sent_)
      require_cuda(device, cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "recording");
  }
  ~Ring() {
    for (auto* event : sent_)
      if (event) cudaEventDestroy(event);
    give_pinned(start_);
  }
  Ring(const Ring&) = delete;

  void send(cudaStream_t stream, void* to, const void* from) {
    const int slot = next_++ % slots;
    require_cuda(device_, cudaEventSynchronize(sent_[slot]), "waiting for an earlier replay");
    char* const at = start_ + slot * bytes_;
    std::memcpy(at, from, static_cast<size_t>(bytes_));
    require_cuda(device_, cudaMemcpyAsync(to, at, static_cast<size_t>(bytes_), cudaMemcpyHostToDevice, stream),
                 "sending what changes");
    require_cuda(device_, cudaEventRecord(sent_[slot], stream), "sending what changes");
  }

 private:
  static constexpr int slots = 4;
  gatun_device* device_;
  int64_t bytes_;
  char* start_ = nullptr;
  cudaEvent_t sent_[slots] = {};
  unsigned next_ = 0;
};

class Calls {
 public:
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  std::optional<Ring> ring;
  ~Calls() {
    if (executable) cudaGraphExecDestroy(executable);
    if (graph) cudaGraphDestroy(graph);
  }
};

void CallsDeleter::operator()(Calls* calls) const { delete calls; }

void set_planned(gatun_stream& stream, bool planned) { stream.planned = planned; }

void begin_keeping(gatun_recording& recording) {
  recording.calls.reset(new Calls);
  if (const int64_t bytes = recording.inputs.changing_bytes())
    recording.calls->ring.emplace(recording.stream->device, bytes);
  require_cuda(recording.stream->device,
               cudaStreamBeginCapture(recording.stream->handle, cudaStreamCaptureModeThreadLocal), "recording");
}

void end_keeping(gatun_recording& recording) {
  auto& calls = *recording.calls;
  auto* const device = recording.stream->device;
  require_cuda(device, cudaStreamEndCapture(recording.stream->handle, &calls.graph), "recording");
  require_cuda(device, cudaGraphInstantiate(&calls.executable, calls.graph, 0), "recording");
}

void run_calls(gatun_recording& recording, int64_t bytes) {
  auto& calls = *recording.calls;
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
    calls.ring->send(stream, inputs.block(), inputs.image());
  }
  require_cuda(device, cudaGraphLaunch(calls.executable, stream), "replaying");
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
