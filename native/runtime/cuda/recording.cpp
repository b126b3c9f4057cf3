// Recordings on CUDA: the calls of a stream as a graph.
#include "recording.h"

#include "device.h"
#include "status.h"

namespace gatun {

class Calls {
 public:
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  ~Calls() {
    if (executable) cudaGraphExecDestroy(executable);
    if (graph) cudaGraphDestroy(graph);
  }
};

void CallsDeleter::operator()(Calls* calls) const { delete calls; }

void set_planned(gatun_stream& stream, bool planned) { stream.planned = planned; }

void begin_keeping(gatun_recording& recording) {
  recording.calls.reset(new Calls);
  require_cuda(recording.stream->device,
               cudaStreamBeginCapture(recording.stream->handle, cudaStreamCaptureModeThreadLocal), "recording");
}

void end_keeping(gatun_recording& recording) {
  auto& calls = *recording.calls;
  auto* const device = recording.stream->device;
  require_cuda(device, cudaStreamEndCapture(recording.stream->handle, &calls.graph), "recording");
  require_cuda(device, cudaGraphInstantiate(&calls.executable, calls.graph, 0), "recording");
}

void run_calls(gatun_recording& recording) {
  require_cuda(recording.stream->device, cudaGraphLaunch(recording.calls->executable, recording.stream->handle),
               "replaying");
}

int64_t count_of(const gatun_recording& recording) {
  size_t count = 0;
  if (recording.calls && recording.calls->graph)
    require_cuda(recording.stream->device, cudaGraphGetNodes(recording.calls->graph, nullptr, &count),
                 "counting what was recorded");
  return static_cast<int64_t>(count);
}

}  // namespace gatun
