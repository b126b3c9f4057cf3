// Recordings on the CPU: the calls in a row, each with its arguments.
#include "recording.h"

#include <cstring>
#include <functional>
#include <utility>

#include "backend.h"
#include "device.h"

namespace gatun {

class Calls {
 public:
  std::vector<std::function<void(gatun_stream&)>> row;
};

void CallsDeleter::operator()(Calls* calls) const { delete calls; }

bool runs_at_once(const gatun_stream& stream) { return course_of(stream) == Course::run; }

void in_order(gatun_stream& stream, std::function<void(gatun_stream&)> work) {
  switch (course_of(stream)) {
    case Course::run:
      return work(stream);
    case Course::plan:
      return;
    case Course::record:
      stream.device->recording->calls->row.push_back(std::move(work));
  }
}

/// Its course says so.
void set_planned(gatun_stream&, bool) {}

void begin_keeping(gatun_recording& recording) { recording.calls.reset(new Calls); }

void end_keeping(gatun_recording&) {}
void drop_kept(gatun_recording&) {}

void send_inputs(gatun_recording& recording, int64_t bytes) {
  if (bytes) std::memcpy(recording.inputs.block(), recording.inputs.image(), static_cast<size_t>(bytes));
}

void run_calls(gatun_recording& recording) {
  for (const auto& call : recording.calls->row) call(*recording.stream);
}

int64_t count_of(const gatun_recording& recording) {
  return recording.calls ? static_cast<int64_t>(recording.calls->row.size()) : 0;
}

Opening opening_of(const gatun_device& device) { return {0, device.threads}; }

}  // namespace gatun
