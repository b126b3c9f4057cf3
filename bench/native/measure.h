// What the benches share: memory with random data, and times by the events of gatun.h, a line of JSON a measurement.
//
// A time is the median of nine batches; a batch is as many calls as fill ten milliseconds, queued behind each other, as
// they are in a training step. Arrays that a cache could hold take turns with others, until together they are larger
// than any cache. With `tiny` every measurement runs at a small size and keeps the times to itself, so that a program
// can be tried where time means nothing.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "gatun.h"

inline bool tiny = false;
inline std::string products_by = "gatun";  // or what multiplies in its place
inline gatun_device* device = nullptr;
inline gatun_stream* stream = nullptr;

inline void check(gatun_status status) {
  if (status == GATUN_DONE) return;
  std::fprintf(stderr, "status %d: %s\n", static_cast<int>(status), gatun_last_error());
  std::exit(1);
}

/// The size, or a small one in its place.
inline int64_t sized(int64_t full, int64_t small) { return tiny ? small : full; }

inline int64_t bytes_of(gatun_dtype dtype) { return dtype == GATUN_BF16 ? 2 : dtype == GATUN_F64 ? 8 : 4; }

/// What a measurement works on; freed behind it.
class Memory {
 public:
  Memory() { check(gatun_scope_open(device, &scope_, 0)); }
  ~Memory() {
    check(gatun_stream_join(stream));
    check(gatun_scope_close(scope_));
    check(gatun_device_trim(device));
  }
  Memory(const Memory&) = delete;

  void* bytes(int64_t count) {
    void* address = nullptr;
    check(gatun_scope_allocate(scope_, &address, count));
    return address;
  }
  void* array(int64_t count, gatun_dtype dtype) { return bytes(count * bytes_of(dtype)); }

  void* normals(int64_t count, gatun_dtype dtype) {
    static int64_t made = 0;
    void* const x = array(count, dtype);
    check(gatun_random_normal(stream, x, scalar<int64_t>({7, 0}), made, count, 0, 1, dtype));
    made += count;
    return x;
  }

  /// A few values that the host knows.
  template <class T> T* scalar(const std::vector<T>& values) {
    auto* const copy = static_cast<T*>(bytes(static_cast<int64_t>(values.size() * sizeof(T))));
    check(gatun_copy_to_device(stream, copy, values.data(), static_cast<int64_t>(values.size() * sizeof(T))));
    check(gatun_stream_join(stream));
    return copy;
  }

  int32_t* indices(int64_t count, int64_t limit) {
    std::vector<int32_t> values(static_cast<size_t>(count));
    uint64_t state = 1;
    for (auto& value : values) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      value = static_cast<int32_t>((state >> 33) % static_cast<uint64_t>(limit));
    }
    return scalar(values);
  }

 private:
  gatun_scope* scope_ = nullptr;
};

// ---- Answers, which are looked at before anything is timed ----------------------------------------------------------

/// Waits.
inline std::vector<float> to_host(const void* x, int64_t count, gatun_dtype dtype) {
  std::vector<float> values(static_cast<size_t>(count));
  std::vector<uint16_t> halves(dtype == GATUN_BF16 ? values.size() : 0);
  void* const to = dtype == GATUN_BF16 ? static_cast<void*>(halves.data()) : values.data();
  check(gatun_copy_to_host(stream, to, x, count * bytes_of(dtype)));
  for (size_t i = 0; i < halves.size(); i++) values[i] = std::bit_cast<float>(uint32_t{halves[i]} << 16);
  return values;
}

inline double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); i++) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

/// How far `x` lies from the slope between two points that are `2 * step` apart, of the slope's own length.
inline double distance(const std::vector<float>& x, const std::vector<float>& ahead, const std::vector<float>& behind,
                       double step) {
  double off = 0, all = 0;
  for (size_t i = 0; i < x.size(); i++) {
    const double slope = (static_cast<double>(ahead[i]) - behind[i]) / (2 * step);
    off += (x[i] - slope) * (x[i] - slope);
    all += slope * slope;
  }
  return std::sqrt(off / all);
}

/// A wrong answer ends the program: nothing is timed.
inline void require(const std::string& what, double error, double allowed) {
  std::fprintf(stderr, "%s: off by %.1e, allowed %.0e\n", what.c_str(), error, allowed);
  if (!(error <= allowed)) std::exit(1);
}

// ---- Measuring -----------------------------------------------------------------------------------------------------

struct Work {
  std::string what, shape, dtype;
  double bytes, flops;
  bool by_products = flops > 0;  // which a library may make
  double tokens = 0;             // of a training step
};

inline void print(const Work& work, double milliseconds, double least, double most) {
  const std::string by = work.by_products ? products_by : "gatun";
  std::printf("{\"by\":\"%s\",\"what\":\"%s\",\"shape\":\"%s\",\"dtype\":\"%s\",\"ms\":", by.c_str(), work.what.c_str(),
              work.shape.c_str(), work.dtype.c_str());
  if (tiny)
    std::printf("null");
  else
    std::printf("%.5f,\"min\":%.5f,\"max\":%.5f", milliseconds, least, most);
  std::printf(",\"bytes\":%.0f,\"flops\":%.0f", work.bytes, work.flops);
  if (work.tokens > 0) std::printf(",\"tokens\":%.0f", work.tokens);
  std::printf("}\n");
  std::fflush(stdout);
}

using Call = std::function<gatun_status()>;

/// Times the calls, which take turns. Answers with the milliseconds of one.
inline double measure(const Work& work, const std::vector<Call>& calls) {
  for (int warm = 0; warm < 3; warm++)
    for (const auto& call : calls) check(call());
  check(gatun_stream_join(stream));
  gatun_event *from = nullptr, *to = nullptr;
  check(gatun_event_open(device, &from));
  check(gatun_event_open(device, &to));
  const auto batch = [&](size_t count) {
    check(gatun_event_record(from, stream));
    for (size_t i = 0; i < count; i++) check(calls[i % calls.size()]());
    check(gatun_event_record(to, stream));
    double milliseconds = 0;
    check(gatun_event_elapsed(from, to, &milliseconds));
    return milliseconds / static_cast<double>(count);
  };
  const double batch_milliseconds = tiny ? 0.1 : 10;
  constexpr int batches = 9;
  const auto turns = static_cast<size_t>(std::clamp(batch_milliseconds / batch(calls.size()), 1.0, 2000.0));
  const size_t count = (turns + calls.size() - 1) / calls.size() * calls.size();
  std::vector<double> times;
  for (int i = 0; i < batches; i++) times.push_back(batch(count));
  std::sort(times.begin(), times.end());
  print(work, times[batches / 2], times.front(), times.back());
  check(gatun_event_close(from));
  check(gatun_event_close(to));
  return times[batches / 2];
}

/// As many calls, each with arrays of its own, as move more bytes than caches hold.
inline std::vector<Call> in_turns(double bytes, const std::function<Call()>& make) {
  constexpr double beyond_caches = 256 << 20;
  std::vector<Call> calls;
  const int turns = tiny ? 2 : static_cast<int>(std::clamp(std::ceil(beyond_caches / bytes), 1.0, 64.0));
  for (int turn = 0; turn < turns; turn++) calls.push_back(make());
  return calls;
}

inline std::string shape_of(const std::vector<int64_t>& sizes) {
  std::ostringstream text;
  for (size_t i = 0; i < sizes.size(); i++) text << (i ? " x " : "") << sizes[i];
  return text.str();
}

/// What the device says of itself, a line of JSON each.
inline void print_device() {
  char text[8192];
  check(gatun_device_describe(device, text, sizeof text));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(": ");
    const auto key = line.substr(0, colon), value = line.substr(colon + 2);
    std::printf("{\"about\":\"%s\",\"value\":\"%s\"}\n", key.c_str(), value.c_str());
    if (key == "matrix products" && value.starts_with("cuBLASLt")) products_by = "gatun over cuBLASLt";
  }
}
