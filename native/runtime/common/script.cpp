#include "script.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <sstream>
#include <unordered_map>

#include "device.h"
#include "recording.h"
#include "status.h"

namespace gatun {
namespace {

std::unordered_map<const void*, const char*>& names() {
  static std::unordered_map<const void*, const char*> all;
  return all;
}

/// A file that is being written.
class Output {
 public:
  explicit Output(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "wb")) {
    if (!file_) fail(GATUN_INVALID, path, " cannot be written");
  }
  ~Output() {
    if (file_) std::fclose(file_);
  }
  Output(const Output&) = delete;

  void text(const std::string& whole) { bytes(whole.data(), static_cast<int64_t>(whole.size())); }
  void bytes(const char* from, int64_t count) {
    hold(std::fwrite(from, 1, static_cast<size_t>(count), file_) == static_cast<size_t>(count));
  }
  void close() {
    auto* const file = file_;
    file_ = nullptr;
    hold(std::fclose(file) == 0);
  }

 private:
  void hold(bool done) {
    if (!done) fail(GATUN_INVALID, path_, " cannot be written to its end");
  }
  std::string path_;
  FILE* file_;
};

/// What stands in a program for the addresses of its recording.
class Places {
 public:
  explicit Places(const gatun_recording& recording) : recording_(recording) {}

  /// An empty part of an array may lie behind its end.
  std::string of(const void* address) {
    if (!address) return "NULL";
    const auto* const place = static_cast<const char*>(address);
    if (const int64_t offset = recording_.plan.blocks()->offset_of(place); offset >= 0) return at("shared", offset);
    const auto& inputs = recording_.inputs;
    if (inputs.block() && place >= inputs.block() && place < inputs.block() + inputs.image_bytes())
      return at("inputs", place - inputs.block());
    for (size_t i = 0; i < buffers_.size(); i++)
      if (holds(buffers_[i], place)) return at("buffers[" + std::to_string(i) + "]", place - buffers_[i].start);
    for (const auto* scope : recording_.stream->device->scopes)
      for (const auto& array : scope->arrays)
        if (holds(array, place)) {
          buffers_.push_back(array);
          return at("buffers[" + std::to_string(buffers_.size() - 1) + "]", place - array.start);
        }
    // Nothing is read or written behind the end: any array that ends there will do.
    for (const auto* scope : recording_.stream->device->scopes)
      for (const auto& array : scope->arrays)
        if (place == array.start + array.bytes) return at("shared", 0);
    fail(GATUN_INVALID, "the step uses memory that no open scope of this device holds: it cannot be written");
  }

  const std::vector<Chunk>& buffers() const { return buffers_; }

 private:
  static std::string at(const std::string& array, int64_t offset) {
    return "at(" + array + ", " + std::to_string(offset) + ")";
  }
  const gatun_recording& recording_;
  std::vector<Chunk> buffers_;
};

/// Hexadecimal, so that every bit is there; whatever the locale.
std::string written(double real) {
  if (std::isnan(real)) return "NAN";
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, std::fabs(real), std::chars_format::hex).ptr;
  const std::string sign = std::signbit(real) ? "-" : "";
  return sign + (std::isinf(real) ? "INFINITY" : "0x" + std::string(text, end));
}

std::string written(const Argument& argument, Places& places) {
  switch (argument.kind) {
    case Argument::Kind::address:
    case Argument::Kind::input:
      return places.of(argument.address);
    case Argument::Kind::whole:
      return std::to_string(argument.whole);
    case Argument::Kind::real:
      return written(argument.real);
    case Argument::Kind::table:
      break;
  }
  fail(GATUN_INVALID, "the step calls a kernel with a table of addresses: it cannot be written");
}

constexpr char head[] =
    R"(/* A recorded step of Gatun, as the calls that it is. It begins with the arrays as they were when it was written.
 *
 *   cc -O2 -I <include> step.c -L <library> -lgatun_<backend> -Wl,-rpath,<library> -lm -o step
 *   ./step [steps] [threads]
 *
 * with the backend that it was recorded on. It runs, with as many threads as the recording's device has, in the folder
 * of its files: buffers.bin, what its arrays hold, and images.bin, what it reads from the host, an image a step; behind
 * the last comes the first again. What its arrays hold behind the last step goes to after.bin. It prints the median of
 * the microseconds that a step takes. With - for the steps it reads how many to run, a line each, and answers each line
 * so. */
#include <gatun.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void stop(const char* why) {
  fprintf(stderr, "%s\n", why);
  exit(1);
}

static void check(gatun_status status) {
  if (status != GATUN_DONE) stop(gatun_last_error());
}

static FILE* opened(const char* name, const char* mode) {
  FILE* const file = fopen(name, mode);
  if (!file) {
    fprintf(stderr, "%s cannot be opened\n", name);
    exit(1);
  }
  return file;
}

static void* room(size_t bytes) {
  void* const memory = malloc(bytes ? bytes : 1);
  if (!memory) stop("no memory is left");
  return memory;
}

static void read_all(void* memory, int64_t bytes, FILE* file, const char* else_said) {
  if (fread(memory, 1, (size_t)bytes, file) != (size_t)bytes) stop(else_said);
}
)";

/// What the header calls the arguments of its functions, behind the stream: "y, x, n".
const std::unordered_map<std::string, std::string>& argument_names() {
  static const std::unordered_map<std::string, std::string> all = {
#include "argument_names.inc"
  };
  return all;
}

/// A call, with a comment before each argument that says what it is.
std::string written(const ScriptCall& call, Places& places) {
  constexpr size_t width = 118;
  std::istringstream names(argument_names().at(call.function));
  std::string text, line = std::string("  check(") + call.function + "(stream", name;
  for (const auto& argument : call.arguments) {
    names >> name;
    if (name.back() == ',') name.pop_back();
    const auto next = "/* " + name + " */ " + written(argument, places);
    line += ",";
    if (line.size() + 1 + next.size() > width) {
      text += line + "\n";
      line = std::string(6, ' ') + next;
    } else {
      line += " " + next;
    }
  }
  return text + line + "));\n";
}

constexpr char tail[] = R"(
static void record(gatun_stream* stream, gatun_recording* recording) {
  if (changing_bytes) check(gatun_recording_changing(recording, image, changing_bytes));
  for (int32_t plan = 1; plan >= 0; plan--) {
    check(gatun_recording_begin(recording, plan));
    if (changing_bytes) check(gatun_copy_to_device(stream, inputs, image, changing_bytes));
    step(stream);
    check(gatun_recording_end(recording));
  }
}

static int by_size(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

static double microseconds(void) {
  struct timespec now;
  timespec_get(&now, TIME_UTC);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

/* Replays so many times, each with the next image; the median of their microseconds. */
static double median(gatun_stream* stream, gatun_recording* recording, FILE* images, int steps) {
  double* const taken = room((size_t)steps * sizeof *taken);
  for (int i = 0; i < steps; i++) {
    if (changing_bytes && fread(image, 1, (size_t)changing_bytes, images) != (size_t)changing_bytes) {
      if (fseek(images, (long)constant_bytes, SEEK_SET)) stop("images.bin cannot be read again");
      read_all(image, changing_bytes, images, "images.bin holds no whole image");
    }
    const double start = microseconds();
    check(gatun_recording_replay(recording));
    check(gatun_stream_join(stream));
    taken[i] = microseconds() - start;
  }
  qsort(taken, (size_t)steps, sizeof *taken, by_size);
  const double middle = (taken[(steps - 1) / 2] + taken[steps / 2]) / 2;
  free(taken);
  return middle;
}

int main(int count, char** words) {
  const char* const asked = count > 1 ? words[1] : "1";
  const int threads = count > 2 ? atoi(words[2]) : recorded_threads;
  gatun_device* device = NULL;
  gatun_stream* stream = NULL;
  gatun_scope* scope = NULL;
  gatun_recording* recording = NULL;
  check(gatun_device_open(&device, recorded_ordinal, threads));
  check(gatun_stream_open(device, &stream));
  check(gatun_scope_open(device, &scope, 0));
  FILE* file = opened("buffers.bin", "rb");
  for (int i = 0; i < buffer_count; i++) {
    char* const host = room((size_t)buffer_bytes[i]);
    read_all(host, buffer_bytes[i], file, "buffers.bin ends before its arrays do");
    check(gatun_scope_allocate(scope, (void**)&buffers[i], buffer_bytes[i]));
    check(gatun_copy_to_device(stream, buffers[i], host, buffer_bytes[i]));
    check(gatun_stream_join(stream));
    free(host);
  }
  fclose(file);
  check(gatun_scope_allocate(scope, (void**)&shared, shared_bytes));
  check(gatun_scope_allocate(scope, (void**)&inputs, changing_bytes + constant_bytes));
  file = opened("images.bin", "rb");
  image = room((size_t)changing_bytes);
  char* const constants = room((size_t)constant_bytes);
  read_all(constants, constant_bytes, file, "images.bin ends before its constants do");
  if (constant_bytes) check(gatun_copy_to_device(stream, inputs + changing_bytes, constants, constant_bytes));
  check(gatun_stream_join(stream));
  check(gatun_recording_open(stream, &recording));
  record(stream, recording);
  const int in_turns = !strcmp(asked, "-");
  int steps = in_turns ? 0 : atoi(asked);
  while (!in_turns || scanf("%d", &steps) == 1) {
    if (steps > 0) printf("%.3f\n", median(stream, recording, file, steps));
    fflush(stdout);
    if (!in_turns) break;
  }
  fclose(file);
  file = opened("after.bin", "wb");
  for (int i = 0; i < buffer_count; i++) {
    char* const host = room((size_t)buffer_bytes[i]);
    check(gatun_copy_to_host(stream, host, buffers[i], buffer_bytes[i]));
    check(gatun_stream_join(stream));
    if (fwrite(host, 1, (size_t)buffer_bytes[i], file) != (size_t)buffer_bytes[i]) stop("after.bin cannot be written");
    free(host);
  }
  if (fclose(file)) stop("after.bin cannot be written");
  check(gatun_device_close(device));
  return 0;
}
)";

void write_calls(Output& program, const gatun_recording& recording, Places& places) {
  std::string calls;
  for (const auto& call : recording.script) calls += written(call, places);
  const auto& inputs = recording.inputs;
  program.text(head);
  const auto opening = opening_of(*recording.stream->device);
  program.text("\nenum { buffer_count = " + std::to_string(places.buffers().size()) + ", recorded_ordinal = " +
               std::to_string(opening.ordinal) + ", recorded_threads = " + std::to_string(opening.threads) + " };\n");
  program.text("static char* buffers[buffer_count + 1];\n");
  program.text("static const int64_t buffer_bytes[buffer_count + 1] = {");
  for (const auto& buffer : places.buffers()) program.text(std::to_string(buffer.bytes) + ", ");
  program.text("0};\nstatic char *shared, *inputs, *image;\n");
  program.text("static const int64_t shared_bytes = " + std::to_string(recording.plan.blocks()->bytes()) +
               ", changing_bytes = " + std::to_string(inputs.changing_bytes()) +
               ", constant_bytes = " + std::to_string(inputs.image_bytes() - inputs.changing_bytes()) + ";\n");
  program.text("\n#define at(array, offset) ((void*)((array) + (offset)))\n");
  program.text("\nstatic void step(gatun_stream* stream) {\n" + calls + "}\n");
  program.text(tail);
  program.close();
}

void write_buffers(Output& file, gatun_stream* stream, const std::vector<Chunk>& buffers) {
  constexpr int64_t piece = 64 << 20;
  for (const auto& buffer : buffers)
    for (int64_t at = 0; at < buffer.bytes; at += piece) {
      const int64_t bytes = buffer.bytes - at < piece ? buffer.bytes - at : piece;
      const auto host = std::make_unique<char[]>(static_cast<size_t>(bytes));
      if (gatun_copy_to_host(stream, host.get(), buffer.start + at, bytes) != GATUN_DONE ||
          gatun_stream_join(stream) != GATUN_DONE)
        fail(GATUN_INTERNAL, gatun_last_error());
      file.bytes(host.get(), bytes);
    }
  file.close();
}

}  // namespace

void name_body(const void* body, const char* exported) { names()[body] = exported; }

const char* exported_name(const void* body) { return names().at(body); }

void write_program(gatun_recording& recording, const std::string& folder) {
  Places places(recording);
  Output program(folder + "/step.c");
  write_calls(program, recording, places);
  Output buffers(folder + "/buffers.bin");
  write_buffers(buffers, recording.stream, places.buffers());
  Output images(folder + "/images.bin");
  recording.inputs.look();
  const int64_t changing = recording.inputs.changing_bytes();
  images.bytes(recording.inputs.image() + changing, recording.inputs.image_bytes() - changing);
  images.bytes(recording.inputs.image(), changing);
  images.close();
}

}  // namespace gatun
