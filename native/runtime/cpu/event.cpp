// Points in the order of a stream. Each call on a stream is done when it returns, so an event is a time and awaiting
// one has nothing to wait for.
#include <memory>

#include "device.h"
#include "recording.h"
#include "status.h"

using gatun::check;
using gatun::guarded;
using gatun::require;

namespace gatun {
namespace {

void require_open(const gatun_event* event) {
  require(event != nullptr, "the event is null");
  check(event->device);
}

void require_recorded(const gatun_event* event) {
  require_open(event);
  require(event->recorded.has_value(), "the event was never recorded");
}

void require_beside(const gatun_event* event, const gatun_stream* stream) {
  check(stream);
  require(event->device == stream->device, "the event and the stream belong to two devices");
}

}  // namespace
}  // namespace gatun

gatun_status gatun_event_open(gatun_device* device, gatun_event** event) {
  return guarded([&] {
    check(device);
    require(event != nullptr, "the address for the event is null");
    auto opened = std::make_unique<gatun_event>(gatun_event{device, {}});
    device->events.insert(opened.get());
    *event = opened.release();
  });
}

gatun_status gatun_event_close(gatun_event* event) {
  return guarded([&] {
    if (!event) return;
    gatun::require_open(event);
    event->device->events.erase(event);
    delete event;
  });
}

gatun_status gatun_event_record(gatun_event* event, gatun_stream* stream) {
  return guarded([&] {
    gatun::require_open(event);
    gatun::require_beside(event, stream);
    gatun::require_running(*stream, "an event");
    event->recorded = std::chrono::steady_clock::now();
  });
}

gatun_status gatun_event_await(gatun_event* event, gatun_stream* stream) {
  return guarded([&] {
    gatun::require_recorded(event);
    gatun::require_beside(event, stream);
    gatun::require_running(*stream, "an event");
  });
}

gatun_status gatun_event_elapsed(gatun_event* from, gatun_event* to, double* milliseconds) {
  return guarded([&] {
    gatun::require_recorded(from);
    gatun::require_recorded(to);
    require(milliseconds != nullptr, "the address for the time is null");
    *milliseconds = std::chrono::duration<double, std::milli>(*to->recorded - *from->recorded).count();
  });
}
