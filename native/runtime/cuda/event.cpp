// Points in the order of a stream, for waiting and for times.
#include <memory>

#include "device.h"
#include "recording.h"
#include "status.h"

using gatun::check;
using gatun::guarded;
using gatun::require;
using gatun::require_cuda;

namespace gatun {
namespace {

void require_open(gatun_event* event) {
  require(event != nullptr, "the event is null");
  check(event->device);
}

void require_recorded(gatun_event* event) {
  require_open(event);
  require(event->recorded, "the event was never recorded");
}

void require_beside(gatun_event* event, gatun_stream* stream) {
  check(stream);
  require(event->device == stream->device, "the event and the stream belong to two devices");
}

}  // namespace
}  // namespace gatun

gatun_status gatun_event_open(gatun_device* device, gatun_event** event) {
  return guarded([&] {
    check(device);
    require(event != nullptr, "the address for the event is null");
    auto opened = std::make_unique<gatun_event>(gatun_event{device});
    constexpr unsigned timed = 0;
    require_cuda(device, cudaEventCreateWithFlags(&opened->handle, timed), "opening an event");
    device->events.insert(opened.get());
    *event = opened.release();
  });
}

gatun_status gatun_event_close(gatun_event* event) {
  return guarded([&] {
    if (!event) return;
    gatun::require_owner(event->device);
    event->device->events.erase(event);
    delete event;
  });
}

gatun_status gatun_event_record(gatun_event* event, gatun_stream* stream) {
  return guarded([&] {
    gatun::require_open(event);
    gatun::require_beside(event, stream);
    gatun::require_running(*stream, "an event");
    require_cuda(event->device, cudaEventRecord(event->handle, stream->handle), "recording an event");
    event->recorded = true;
  });
}

gatun_status gatun_event_await(gatun_event* event, gatun_stream* stream) {
  return guarded([&] {
    gatun::require_recorded(event);
    gatun::require_beside(event, stream);
    gatun::require_running(*stream, "an event");
    require_cuda(event->device, cudaStreamWaitEvent(stream->handle, event->handle, 0), "awaiting an event");
  });
}

gatun_status gatun_event_elapsed(gatun_event* from, gatun_event* to, double* milliseconds) {
  return guarded([&] {
    gatun::require_recorded(from);
    gatun::require_recorded(to);
    require(milliseconds != nullptr, "the address for the time is null");
    require_cuda(to->device, cudaEventSynchronize(from->handle), "waiting for an event");
    require_cuda(to->device, cudaEventSynchronize(to->handle), "waiting for an event");
    float elapsed = 0;
    require_cuda(to->device, cudaEventElapsedTime(&elapsed, from->handle, to->handle), "reading a time");
    *milliseconds = elapsed;
  });
}
