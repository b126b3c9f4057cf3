// The doors of recordings.
#include "recording.h"

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

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

/// Stands for arrays that a scope from outside was asked for while the calls were planned: at the second walk it gives
/// others.
constexpr uint64_t asked_meanwhile = 1;

/// Whether the address lies in an array that an open scope from outside was asked for since the recording was begun.
bool is_new(const gatun_recording& recording, const void* address) {
  for (const auto* scope : recording.stream->device->scopes) {
    if (scope->recording) continue;
    const auto& arrays = scope->arrays;
    const auto array = std::find_if(arrays.begin(), arrays.end(), [&](const auto& one) { return holds(one, address); });
    if (array == arrays.end()) continue;
    const auto before = recording.before.find(scope);
    return before == recording.before.end() || static_cast<size_t>(array - arrays.begin()) >= before->second;
  }
  return false;
}

/// Whether the address is good for as long as the scope is open: memory of its own, or of others.
bool lends(const gatun_scope& scope, const void* address) {
  const auto here = [&](const Chunk& range) { return holds(range, address); };
  return std::any_of(scope.arrays.begin(), scope.arrays.end(), here) ||
         std::any_of(scope.lent.begin(), scope.lent.end(), here) ||
         std::any_of(scope.loans.begin(), scope.loans.end(), [&](const auto& loan) { return here(loan->at); });
}

bool is_address(const Argument& argument) {
  return argument.kind == Argument::Kind::address || argument.kind == Argument::Kind::table;
}

uint64_t mark_of(const Argument& argument) {
  switch (argument.kind) {
    case Argument::Kind::whole:
      return static_cast<uint64_t>(argument.whole);
    case Argument::Kind::real:
      return std::bit_cast<uint64_t>(argument.real);
    case Argument::Kind::input:
      return 0;
    default:
      return reinterpret_cast<uint64_t>(argument.address);
  }
}

CallShape shape_of(const gatun_recording& recording, const char* exported, std::initializer_list<Argument> arguments) {
  CallShape shape{exported, {}};
  for (const auto& argument : arguments)
    shape.marks.push_back(is_address(argument) && is_new(recording, argument.address)
                              ? asked_meanwhile
                              : mark_of(argument));
  return shape;
}

/// Whether the argument is what it was when the calls were planned.
bool is_planned(const gatun_recording& recording, const Argument& argument, uint64_t mark) {
  if (!is_address(argument)) return mark_of(argument) == mark;
  if (recording.plan.is_asked(mark)) return recording.plan.lies_at(mark, argument.address);
  if (mark == asked_meanwhile) return is_new(recording, argument.address);
  return mark_of(argument) == mark;
}

void require_planned(const gatun_recording& recording, const char* exported,
                     std::initializer_list<Argument> arguments) {
  const size_t number = recording.script.size();
  const auto is_same = [&] {
    if (number >= recording.shapes.size() || recording.shapes[number].exported != exported) return false;
    return std::equal(arguments.begin(), arguments.end(), recording.shapes[number].marks.begin(),
                      [&](const Argument& argument, uint64_t mark) { return is_planned(recording, argument, mark); });
  };
  require(is_same(), "call ", number + 1, ", ", exported,
          ", is not the one that was planned: both walks must ask for the same calls with the same arrays and numbers");
}

/// What a table names is not known: it may lie in any scope.
void note_lenders(gatun_recording& recording, std::initializer_list<Argument> arguments) {
  for (const auto& argument : arguments) {
    if (!is_address(argument)) continue;
    const bool is_table = argument.kind == Argument::Kind::table;
    for (const auto* scope : recording.stream->device->scopes)
      if (!scope->recording && (is_table || lends(*scope, argument.address))) recording.lenders.insert(scope);
  }
}

/// Answers what the stream did with calls until now.
Course stop(gatun_recording& recording) {
  recording.stream->device->recording = nullptr;
  set_planned(*recording.stream, false);
  return std::exchange(recording.course, Course::run);
}

}  // namespace

Course course_of(const gatun_stream& stream) {
  const auto* recording = stream.device->recording;
  return recording && recording->stream == &stream ? recording->course : Course::run;
}

void note_call(const gatun_stream& stream, const char* exported, std::initializer_list<Argument> arguments) {
  auto& recording = *stream.device->recording;
  if (recording.course == Course::record) {
    require_planned(recording, exported, arguments);
    note_lenders(recording, arguments);
    recording.script.push_back({exported, arguments});
    return;
  }
  recording.shapes.push_back(shape_of(recording, exported, arguments));
  recording.plan.begin_call();
  for (const auto& argument : arguments) {
    const bool is_table = argument.kind == Argument::Kind::table;
    if (is_table) recording.plan.use_all();
    if (is_table || argument.kind == Argument::Kind::address) recording.plan.use(argument.address);
  }
}

bool is_noted(const gatun_stream& stream) {
  const auto* recording = stream.device->recording;
  require(!recording || recording->stream == &stream, "another stream of the device is being recorded");
  return recording != nullptr;
}

void require_running(const gatun_stream& stream, const char* what) {
  require(course_of(stream) == Course::run, "the stream is being recorded: ", what, " cannot be replayed");
}

void forget_lender(const gatun_scope* scope) {
  for (auto* recording : scope->device->recordings) {
    if (recording->lenders.count(scope)) recording->bereft = true;
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
  require_no_recording(*stream->device, "to close a stream");
}

void require_no_recording(const gatun_device& device, const char* what) {
  require(!device.recording, "the device records: ", what, " is for before or behind that");
}

const gatun_stream* kept_stream(const gatun_device& device) {
  return device.recording && device.recording->course == Course::record ? device.recording->stream : nullptr;
}

Source source_of(gatun_stream& stream, const void* host_address, int64_t bytes) {
  const auto course = course_of(stream);
  if (bytes == 0) return {nullptr, false};
  if (course == Course::run) return {host_address, false};
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
      for (const auto* scope : device.scopes) recording->before[scope] = scope->arrays.size();
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
    const bool kept = gatun::stop(*recording) == Course::record, whole = !gatun::has_open_scopes(*recording);
    if (kept) gatun::end_keeping(*recording);
    require(whole, "a scope that was opened while recording is still open");
    require(!recording->bereft, "a scope whose memory the recording uses was closed while it was made");
    if (kept) {
      recording->plan.require_all_met();
      require(recording->script.size() == recording->shapes.size(), recording->script.size(), " calls were kept, ",
              recording->shapes.size(), " were planned: both walks must ask for the same calls");
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
    gatun::send_inputs(*recording, recording->inputs.refresh());
    recording->inputs.sent();
    gatun::run_calls(*recording);
  });
}

gatun_status gatun_recording_close(gatun_recording* recording) {
  return guarded([&] {
    if (!recording) return;
    gatun::require_own(recording);
    auto& device = *recording->stream->device;
    require(!gatun::has_open_scopes(*recording), "a scope that was opened while recording is still open");
    if (device.recording == recording && gatun::stop(*recording) == Course::record) gatun::drop_kept(*recording);
    // What goes wrong with replays under way is told, and keeps nothing from being given back.
    const std::unique_ptr<gatun_recording> closed(recording);
    device.recordings.erase(recording);
    gatun::finish_streams(&device);
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
