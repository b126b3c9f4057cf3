// What is kept of a stream's calls, so that they run again: what recordings of all backends share.
#pragma once
#include <initializer_list>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "arena.h"
#include "inputs.h"
#include "memory_plan.h"
#include "script.h"

namespace gatun {

/// What a stream does with a call.
enum class Course {
  run,     ///< at once, or in its turn
  plan,    ///< nothing, but what it takes to run it is made ready
  record,  ///< keeps it
};

/// The calls that a backend has kept.
class Calls;

/// What a call has in common on both walks: a mark for each argument.
struct CallShape {
  const char* exported;
  std::vector<uint64_t> marks;
};

/// What a device was opened with.
struct Opening {
  int32_t ordinal, threads;
};

/// Deletes what only the backend knows.
struct CallsDeleter {
  void operator()(Calls* calls) const;
};

}  // namespace gatun

struct gatun_recording {
  gatun_stream* stream;
  gatun::MemoryPlan plan;  ///< of what scopes that are opened while it is made are asked for
  gatun::Course course = gatun::Course::run;
  std::unique_ptr<gatun::Calls, gatun::CallsDeleter> calls = nullptr;  ///< what its backend keeps
  gatun::Inputs inputs = {};
  std::vector<gatun::ScriptCall> script = {};
  std::vector<gatun::CallShape> shapes = {};    ///< of the calls that were planned
  std::map<const gatun_scope*, size_t> before;  ///< how many arrays the scopes held when it was begun
  std::set<const gatun_scope*> lenders = {};    ///< scopes from outside of which the calls use memory
  bool planned = false, complete = false;
  bool bereft = false;  ///< of a lender

  explicit gatun_recording(gatun_stream* stream);
  ~gatun_recording();
};

namespace gatun {

// ---- What a backend provides ---------------------------------------------------------------------------------------

/// Whether the stream runs nothing, but makes ready what running takes.
void set_planned(gatun_stream& stream, bool planned);
/// From here on the stream keeps its calls.
void begin_keeping(gatun_recording& recording);
/// The calls kept since.
void end_keeping(gatun_recording& recording);
/// Keeps nothing. Whatever has gone wrong meanwhile, the stream runs its calls again.
void drop_kept(gatun_recording& recording);
/// Sends the first `bytes` of the image of its inputs to the device.
void send_inputs(gatun_recording& recording, int64_t bytes);
/// In their order.
void run_calls(gatun_recording& recording);
int64_t count_of(const gatun_recording& recording);
Opening opening_of(const gatun_device& device);

// ---- What else has to do with recordings ---------------------------------------------------------------------------

/// The scope's memory goes: what was recorded over it can be replayed no more.
void forget_lender(const gatun_scope* scope);
/// Bytes that recordings of the device have taken from the system.
int64_t recorded_bytes(const gatun_device& device);
/// Refuses to close a stream under its recordings.
void require_unrecorded(const gatun_stream* stream);
/// Refuses what has nothing to do with the recording that is being made and could spoil it.
void require_no_recording(const gatun_device& device, const char* what);
/// The stream whose calls are being kept; null where none is.
const gatun_stream* kept_stream(const gatun_device& device);

// ---- What is made of it --------------------------------------------------------------------------------------------

/// What the stream does with a call that it is asked for now.
Course course_of(const gatun_stream& stream);

/// Whether note_call is to be told of a call. Refuses streams beside the one that is recorded: there may be no memory
/// yet behind what scopes were asked for meanwhile.
bool is_noted(const gatun_stream& stream);

/// Refuses what cannot be run again, in the words of who asks.
void require_running(const gatun_stream& stream, const char* what);

/// Of a stream that is being recorded: keeps account of the arrays that the next call uses, or of the call itself.
void note_call(const gatun_stream& stream, const char* exported, std::initializer_list<Argument> arguments);

/// Where a copy from the host reads: there, or, recorded, what stands for it on the device.
struct Source {
  const void* address;
  bool is_on_device;
};
Source source_of(gatun_stream& stream, const void* host_address, int64_t bytes);

}  // namespace gatun
