// What is kept of a stream's calls, so that they run again: what recordings of all backends share.
#pragma once
#include <memory>
#include <vector>

#include "arena.h"

namespace gatun {

/// What a stream does with a call.
enum class Course {
  run,     ///< at once, or in its turn
  plan,    ///< nothing, but what it takes to run it is made ready
  record,  ///< keeps it
};

/// The calls that a backend has kept.
class Calls;

/// Deletes what only the backend knows.
struct CallsDeleter {
  void operator()(Calls* calls) const;
};

}  // namespace gatun

struct gatun_recording {
  gatun_stream* stream;
  gatun::ChunkPool pool;  ///< of the scopes that are opened while it is made
  gatun::Course course = gatun::Course::run;
  std::unique_ptr<gatun::Calls, gatun::CallsDeleter> calls = nullptr;
  std::vector<std::unique_ptr<char[]>> bytes = {};  ///< of the host, as they were
  bool complete = false;

  explicit gatun_recording(gatun_stream* stream);
};

namespace gatun {

// ---- What a backend provides ---------------------------------------------------------------------------------------

/// Whether the stream runs nothing, but makes ready what running takes.
void set_planned(gatun_stream& stream, bool planned);
/// From here on the stream keeps its calls.
void begin_keeping(gatun_recording& recording);
/// The calls kept since.
void end_keeping(gatun_recording& recording);
/// Runs them in their order.
void run_calls(gatun_recording& recording);
int64_t count_of(const gatun_recording& recording);
/// Copies into device memory, of memory that may change when the call returns.
void copy_from_host(gatun_stream& stream, void* to, const void* from, int64_t bytes);

// ---- What is made of it --------------------------------------------------------------------------------------------

/// What the stream does with a call that it is asked for now.
Course course_of(const gatun_stream& stream);

/// Refuses what cannot be run again, in the words of who asks.
void require_running(const gatun_stream& stream, const char* what);

/// Where a recorded copy reads memory of the host: pinned memory itself, whatever it holds by then; else bytes as they
/// are now.
const void* steady(gatun_stream& stream, const void* host_address, int64_t bytes);

}  // namespace gatun
