// Checks integers that only the device can read, ahead of the kernels that index with them. One block looks through all
// of them, so the first bad one is the same every time.
#include "backend.h"
#include "device.cuh"

namespace gatun {
namespace {

constexpr int most_threads = 1024;

template <class Integer> GATUN_KERNEL(most_threads, 1)
range_check(Complaint* complaint, const char* name, const Integer* values, int64_t count, int64_t least,
            int64_t limit) {
  int64_t bad = count;
  over_block(values, count, [&](int64_t i, int64_t value) {
    if (bad == count && (value < least || value >= limit)) bad = i;
  });
  bad = -block_max(-bad, reinterpret_cast<int64_t*>(shared_memory()));
  if (thread_index() || bad == count || complaint->made) return;
  complaint->found = {name, bad, load(values + bad), least, limit};
  complaint->made = 1;
}

template <class Integer> void launch_check(gatun_stream* stream, const char* name, const Integer* values, int64_t count,
                                           int64_t least, int64_t limit) {
  if (count == 0) return;
  const int threads = count < most_threads ? static_cast<int>((count + 31) / 32 * 32) : most_threads;
  GATUN_LAUNCH(*stream, range_check<Integer>, dim3(1), threads, threads / 32 * sizeof(int64_t), stream->complaint, name,
               values, count, least, limit);
}

}  // namespace

void require_range(gatun_stream* stream, const char* name, const int32_t* values, int64_t count, int64_t least,
                   int64_t limit) {
  launch_check(stream, name, values, count, least, limit);
}

void require_range(gatun_stream* stream, const char* name, const int64_t* values, int64_t count, int64_t least,
                   int64_t limit) {
  launch_check(stream, name, values, count, least, limit);
}

}  // namespace gatun
