// The doors of recordings.
#include "recording.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "device.h"
#include "status.h"

using gatun::Course;
using gatun::guarded;
using gatun::require;

namespace gatun {
namespace {

void require_own(const gatun_recording* recording) {
  require(recording != nullptr, "the recording is null");
  require_owner(recording->stream->device);
}

/// Whether scopes that take their memory from the recording are still open.
bool has_open_scopes(const gatun_recording& recording) {
  const auto& scopes = recording.stream->device->scopes;
  return std::any_of(scopes.begin(), scopes.end(), [&](const auto* scope) { return scope->recording == &recording; });
}

std::shared_ptr<SharedBlocks> blocks_of(gatun_stream* stream) {
  for (const auto* other : stream->device->recordings)
    if (other->stream == stream) return other->plan.blocks();
  return std::make_shared<SharedBlocks>(stream->device);
}

CallShape shape_of(const char* exported, std::initializer_list<Argument> arguments) {
  uint64_t hash = arguments.size();
  for (const auto& argument : arguments) {
    uint64_t bits = 0;
    switch (argument.kind) {
      case Argument::Kind::whole:
        bits = static_cast<uint64_t>(argument.whole);
        break;
      case Argument::Kind::real:
        std::memcpy(&bits, &argument.real, sizeof bits);
        break;
      default:
        bits = argument.address != nullptr;
    }
    hash = (hash ^ bits) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  return {exported, hash};
}

/// Scopes that lie open around the recording and hold what its calls use.
std::vector<const gatun_scope*> lenders_of(const gatun_recording& recording) {
  std::vector<const gatun_scope*> lenders;
  const auto holds = [](const Chunk& chunk, const void* address) {
    const auto* const at = static_cast<const char*>(address);
    return at >= chunk.start && at < chunk.start + chunk.bytes;
  };
  for (const auto* scope : recording.stream->device->scopes) {
    const auto lends = [&](const Argument& argument) {
      return argument.kind == Argument::Kind::address &&
             (std::any_of(scope->chunks.begin(), scope->chunks.end(),
                          [&](const auto& held) { return holds(held->chunk, argument.address); }) ||
              std::any_of(scope->loans.begin(), scope->loans.end(),
                          [&](const auto& loan) { return holds(loan->at, argument.address); }));
    };
    if (std::any_of(recording.script.begin(), recording.script.end(), [&](const ScriptCall& call) {
          return std::any_of(call.arguments.begin(), call.arguments.end(), lends);
        }))
      lenders.push_back(scope);
  }
  return lenders;
}

void stop(gatun_recording& recording) {
  recording.stream->device->recording = nullptr;
  set_planned(*recording.stream, false);
  if (recording.course == Course::record) end_keeping(recording);
  recording.course = Course::run;
}

}  // namespace

Course course_of(const gatun_stream& stream) {
  const auto* recording = stream.device->recording;
  return recording && recording->stream == &stream ? recording->course : Course::run;
}

void note_call(const gatun_stream& stream, const char* exported, std::initializer_list<Argument> arguments) {
  auto& recording = *stream.device->recording;
  const auto shape = shape_of(exported, arguments);
  if (recording.course == Course::record) {
    const size_t number = recording.script.size();
    require(number < recording.shapes.size() && recording.shapes[number] == shape, "call ", number + 1, ", ", exported,
            ", is not the one that was planned: both walks must ask for the same calls");
    recording.script.push_back({exported, arguments});
    return;
  }
  recording.shapes.push_back(shape);
  recording.plan.begin_call();
  for (const auto& argument : arguments) {
    const bool is_table = argument.kind == Argument::Kind::table;
    if (is_table) recording.plan.use_all();
    if (is_table || argument.kind == Argument::Kind::address) recording.plan.use(argument.address);
  }
}

void require_running(const gatun_stream& stream, const char* what) {
  require(course_of(stream) == Course::run, "the stream is being recorded: ", what, " cannot be replayed");
}

void forget_lender(const gatun_scope* scope) {
  for (auto* recording : scope->device->recordings) {
    const auto& lenders = recording->lenders;
    if (std::find(lenders.begin(), lenders.end(), scope) != lenders.end()) recording->bereft = true;
  }
}

int64_t recorded_bytes(const gatun_device& device) {
  std::set<const SharedBlocks*> counted;
  int64_t bytes = 0;
  for (const auto* recording : device.recordings) {
    const auto* const blocks = recording->plan.blocks().get();
    bytes += recording->inputs.image_bytes() + (counted.insert(blocks).second ? blocks->bytes() : 0);
  }
  return bytes;
}

void require_unrecorded(const gatun_stream* stream) {
  for (const auto* recording : stream->device->recordings)
    require(recording->stream != stream, "a recording of the stream is still open");
}

Source source_of(gatun_stream& stream, const void* host_address, int64_t bytes) {
  const auto course = course_of(stream);
  if (course == Course::run || bytes == 0) return {host_address, false};
  auto& inputs = stream.device->recording->inputs;
  if (course == Course::record) return {inputs.place(host_address, bytes), true};
  inputs.plan(host_address, bytes);
  return {host_address, false};
}

}  // namespace gatun

gatun_recording::gatun_recording(gatun_stream* on) : stream(on), plan(gatun::blocks_of(on)) {}

gatun_recording::~gatun_recording() { inputs.release(); }

gatun_status gatun_recording_open(gatun_stream* stream, gatun_recording** recording) {
  return guarded([&] {
    gatun::check(stream);
    require(recording != nullptr, "the address for the recording is null");
    auto opened = std::make_unique<gatun_recording>(stream);
    stream->device->recordings.insert(opened.get());
    *recording = opened.release();
  });
}

gatun_status gatun_recording_begin(gatun_recording* recording, int32_t plan) {
  return guarded([&] {
    gatun::require_own(recording);
    gatun::check(recording->stream);
    auto& device = *recording->stream->device;
    require(!device.recording, "the device records already");
    require(plan == 0 || plan == 1, "plan is ", plan, "; it must be 0 or 1");
    require(!recording->complete, "the recording is made already");
    require(recording->planned != (plan == 1),
            plan ? "the calls are planned already" : "calls are planned before they are kept");
    recording->course = plan ? Course::plan : Course::record;
    if (plan) {
      // What closed scopes left is the recording's to take.
      device.pool.trim();
      gatun::set_planned(*recording->stream, true);
    } else {
      gatun::begin_keeping(*recording);
    }
    device.recording = recording;
  });
}

gatun_status gatun_recording_end(gatun_recording* recording) {
  return guarded([&] {
    gatun::require_own(recording);
    require(recording->stream->device->recording == recording, "the recording is not being made");
    const bool kept = recording->course == Course::record, whole = !gatun::has_open_scopes(*recording);
    gatun::stop(*recording);
    require(whole, "a scope that was opened while recording is still open");
    if (kept) {
      recording->plan.require_all_met();
      require(recording->script.size() == recording->shapes.size(), recording->script.size(), " calls were kept, ",
              recording->shapes.size(), " were planned: both walks must ask for the same calls");
      recording->lenders = gatun::lenders_of(*recording);
    } else {
      recording->plan.settle();
      recording->inputs.settle(recording->stream->device);
    }
    recording->planned = true;
    recording->complete = kept;
  });
}

gatun_status gatun_recording_changing(gatun_recording* recording, const void* host_address, int64_t bytes) {
  return guarded([&] {
    gatun::require_own(recording);
    require(bytes >= 0, "bytes is ", bytes, "; it must not be negative");
    require(bytes == 0 || host_address, "the address of what changes is null");
    recording->inputs.name(host_address, bytes);
  });
}

gatun_status gatun_recording_replay(gatun_recording* recording) {
  return guarded([&] {
    gatun::require_own(recording);
    gatun::check(recording->stream);
    require(recording->complete, "the recording is not complete");
    require(!recording->bereft, "a scope whose memory the recording uses is closed");
    require(!recording->stream->device->recording, "the device is recording: a replay cannot be replayed");
    gatun::run_calls(*recording, recording->inputs.refresh());
  });
}

gatun_status gatun_recording_close(gatun_recording* recording) {
  return guarded([&] {
    if (!recording) return;
    gatun::require_own(recording);
    auto& device = *recording->stream->device;
    if (device.recording == recording) gatun::stop(*recording);
    require(!gatun::has_open_scopes(*recording), "a scope that was opened while recording is still open");
    gatun::finish_streams(&device);
    device.recordings.erase(recording);
    delete recording;
  });
}

gatun_status gatun_recording_size(gatun_recording* recording, int64_t* calls, int64_t* held_bytes,
                                  int64_t* naive_bytes) {
  return guarded([&] {
    gatun::require_own(recording);
    require(calls && held_bytes && naive_bytes, "an address for the answer is null");
    *calls = gatun::count_of(*recording);
    *held_bytes = recording->plan.placed_bytes();
    *naive_bytes = recording->plan.naive_bytes();
  });
}

gatun_status gatun_recording_write(gatun_recording* recording, const char* folder) {
  return guarded([&] {
    gatun::require_own(recording);
    gatun::check(recording->stream);
    require(folder != nullptr, "the folder is null");
    require(recording->complete, "the recording is not complete");
    require(!recording->bereft, "a scope whose memory the recording uses is closed");
    gatun::write_program(*recording, folder);
  });
}
