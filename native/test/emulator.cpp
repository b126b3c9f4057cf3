// The emulator keeps its promises: what is right runs right, and each kind of fault in a kernel is found and named.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "counters.h"
#include "grid.h"
#include "intrinsics.h"

using namespace gatun;

namespace {

int failures = 0;

void expect(bool holds, const std::string& what) {
  if (holds) return;
  failures++;
  std::printf("FAILED: %s\n", what.c_str());
}

template <class... Parameters, class... Arguments>
std::string run(void (*kernel)(Parameters...), int blocks, int threads, int64_t shared_bytes, Arguments... arguments) {
  cudaStream_t stream;
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  const auto error =
      launch_kernel("kernel", kernel, dim3(static_cast<unsigned>(blocks)), threads, shared_bytes, stream, arguments...);
  cudaGetLastError();
  cudaStreamDestroy(stream);
  return error == cudaSuccess ? "" : cudaGetErrorString(error);
}

bool says(const std::string& message, const char* what) { return message.find(what) != std::string::npos; }

// ---- What is right --------------------------------------------------------------------------------------------------

GATUN_KERNEL(256, 1) sum_of_blocks(int64_t* sums) {
  auto* const shared = reinterpret_cast<int64_t*>(shared_memory());
  int64_t value = thread_index() + 1000 * block_x();
  for (int mask = 16; mask; mask /= 2) value += shuffle_xor(value, mask);
  if (lane_index() == 0) shared_store(shared + warp_index(), value);
  block_barrier();
  if (thread_index()) return;
  int64_t sum = 0;
  for (int warp = 0; warp < threads_in_block() / 32; warp++) sum += shared_load(shared + warp);
  store(sums + block_x(), sum);
}

void sums_are_right_in_any_order() {
  for (const uint64_t seed : {0, 1, 2, 3, 77}) {
    emulator::order_by(seed);
    std::vector<int64_t> sums(17);
    expect(run(sum_of_blocks, 17, 256, 64, sums.data()).empty(), "sums run");
    for (int64_t b = 0; b < 17; b++) expect(sums[b] == 255 * 128 + 256 * 1000 * b, "the sum of a block");
  }
}

/// Leaves the threads in the order in which they came.
GATUN_KERNEL(32, 1) line_up(int* threads, int* count) { threads[(*count)++] = thread_index(); }

std::vector<int> lined_up() {
  std::vector<int> threads(32);
  int count = 0;
  expect(run(line_up, 1, 32, 0, threads.data(), &count).empty() && count == 32, "threads line up");
  return threads;
}

void each_launch_has_an_order_of_its_own() {
  emulator::order_by(5);
  const auto first = lined_up(), second = lined_up();
  emulator::order_by(5);
  expect(first == lined_up() && first != second, "orders drawn from a seed");
  emulator::order_by(0);
  const auto sorted = lined_up();
  expect(sorted == lined_up() && std::is_sorted(sorted.begin(), sorted.end()), "the order of their numbers");
}

uint16_t bf16(float x) { return bf16_of_float(x); }

/// One product of fragments loaded by both kinds of ldmatrix: a (16, 16) as it lies, b (16, 8) transposed on the way.
GATUN_KERNEL(32, 1) multiply_one(float* d, const uint16_t* a, const uint16_t* b) {
  auto* const shared_a = reinterpret_cast<uint16_t*>(shared_memory());
  auto* const shared_b = shared_a + 16 * 16;
  for (int i = lane_index(); i < 16 * 16; i += 32) shared_store(shared_a + i, load(a + i));
  for (int i = lane_index(); i < 16 * 16; i += 32) shared_store(shared_b + i, load(b + i));
  block_barrier();
  uint32_t left[4], right[4];
  load_matrices(left, shared_a + lane_index() % 16 * 16 + lane_index() / 16 * 8);
  load_matrices_transposed(right, shared_b + lane_index() % 16 * 16 + lane_index() / 16 * 8);
  for (int half = 0; half < 2; half++) {
    float sums[4] = {};
    multiply_fragments(sums, left, right + 2 * half);
    for (int i = 0; i < 4; i++)
      store(d + (lane_index() / 4 + i / 2 * 8) * 16 + half * 8 + lane_index() % 4 * 2 + i % 2, sums[i]);
  }
}

void fragments_multiply() {
  std::vector<uint16_t> a(256), b(256);
  for (int i = 0; i < 256; i++) a[i] = bf16(float(i * 37 % 101 - 50)), b[i] = bf16(float(i * 53 % 97 - 48));
  std::vector<float> d(256);
  expect(run(multiply_one, 1, 32, 1024, d.data(), a.data(), b.data()).empty(), "a product runs");
  for (int row = 0; row < 16; row++)
    for (int column = 0; column < 16; column++) {
      float sum = 0;
      for (int k = 0; k < 16; k++) sum += float_of_bf16(a[row * 16 + k]) * float_of_bf16(b[k * 16 + column]);
      expect(d[row * 16 + column] == sum, "an element of a product");
    }
}

void bf16_rounds_to_even() {
  expect(bf16(1.00390625f) == 0x3f80 && bf16(1.01171875f) == 0x3f82, "halfway goes to even");
  expect(bf16(NAN) == 0x7fff && bf16(INFINITY) == 0x7f80 && bf16(3.4e38f) == 0x7f80, "what is not a number");
}

// ---- Planted faults -------------------------------------------------------------------------------------------------

struct alignas(16) Sixteen {
  float at[4];
};

GATUN_KERNEL(32, 1) half_a_warp_shuffles(int*) {
  if (lane_index() < 16)
    shuffle_xor(1, 1);
  else
    block_barrier();
}
GATUN_KERNEL(32, 1) two_collectives(int*) {
  if (lane_index() < 16)
    shuffle_xor(1, 1);
  else
    warp_barrier();
}
GATUN_KERNEL(32, 1) a_lane_leaves(int*) {
  if (lane_index() == 7) return;
  shuffle_xor(1, 1);
}
GATUN_KERNEL(32, 1) misaligned(float* x) { load(reinterpret_cast<Sixteen*>(x + 1)); }
GATUN_KERNEL(32, 1) outside_shared_memory(int*) { shared_store(reinterpret_cast<int*>(shared_memory()) + 32, 1); }

/// Without the wait the copy has not happened: what is read is the poison.
template <bool waits> GATUN_KERNEL(32, 1) copy(float* out, const float* in) {
  auto* const shared = reinterpret_cast<float*>(shared_memory());
  copy_async(shared + lane_index() * 4, in + lane_index() * 4, 16);
  copy_async_commit();
  if constexpr (waits) copy_async_wait<0>();
  block_barrier();
  for (int i = 0; i < 4; i++) store(out + lane_index() * 4 + i, shared_load(shared + lane_index() * 4 + i));
}

void faults_are_found() {
  int* const nothing = nullptr;
  expect(says(run(half_a_warp_shuffles, 1, 32, 0, nothing), "divergent"), "a divergent barrier");
  expect(says(run(two_collectives, 1, 32, 0, nothing), "lanes of one warp meet in"), "two collectives");
  expect(says(run(a_lane_leaves, 1, 32, 0, nothing), "1 have left"), "a lane that left");
  alignas(16) static float values[128];
  expect(says(run(misaligned, 1, 32, 0, values), "misaligned"), "a misaligned access");
  expect(says(run(outside_shared_memory, 1, 32, 128, nothing), "outside shared memory"), "an access outside");
  expect(says(run(sum_of_blocks, 1, 2048, 64, nullptr), "2048 threads"), "too many threads");
  expect(says(run(sum_of_blocks, 1, 33, 64, nullptr), "33 threads"), "a broken warp");
  expect(says(run(sum_of_blocks, 1, 32, 100 << 10, nullptr), "shared memory"), "too much shared memory");
  for (int i = 0; i < 128; i++) values[i] = float(i);
  alignas(16) static float out[128];
  expect(run(copy<true>, 1, 32, 512, out, values).empty() && out[127] == 127, "an awaited copy");
  expect(run(copy<false>, 1, 32, 512, out, values).empty() && std::isnan(out[127]), "a copy that nobody awaited");
}

// ---- Capture --------------------------------------------------------------------------------------------------------

GATUN_KERNEL(32, 1) add(int* to, int what) {
  if (thread_index() == 0) store(to, load(to) + what);
}

cudaGraph_t captured(cudaStream_t stream, int* counter, cudaError_t (*meanwhile)(cudaStream_t)) {
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
  int what = 5;
  launch_kernel("add", add, dim3(1), 32, 0, stream, counter, what);
  what = 7;
  const auto refused = meanwhile(stream);
  cudaGetLastError();
  cudaGraph_t graph;
  const auto ended = cudaStreamEndCapture(stream, &graph);
  cudaGetLastError();
  expect((refused == cudaSuccess) == (ended == cudaSuccess), "what is refused spoils the capture");
  return graph;
}

void captures_are_replayed() {
  static int counter;
  counter = 0;
  cudaStream_t stream;
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  auto* const graph = captured(stream, &counter, [](cudaStream_t) { return cudaSuccess; });
  expect(graph && counter == 0, "a captured launch does not run");
  cudaGraphExec_t executable;
  cudaGraphInstantiate(&executable, graph, 0);
  for (int i = 0; i < 3; i++) cudaGraphLaunch(executable, stream);
  expect(counter == 15, "a replay has the arguments of the capture");
  cudaGraphExecDestroy(executable);
  cudaGraphDestroy(graph);
  expect(!captured(stream, &counter, cudaStreamSynchronize), "a wait inside a capture");
  const auto allocate = [](cudaStream_t) {
    void* memory;
    return cudaMalloc(&memory, 256);
  };
  expect(!captured(stream, &counter, allocate), "an allocation inside a capture");
  expect(counter == 15, "a spoilt capture never runs");
  expect(cudaStreamSynchronize(stream) == cudaSuccess, "the stream lives on");
  cudaStreamDestroy(stream);
}

// ---- Counting -------------------------------------------------------------------------------------------------------

/// Lane l meets words `stride` apart in shared memory, and elements `stride` apart in global memory.
GATUN_KERNEL(32, 1) strided(float* x, int stride) {
  auto* const shared = reinterpret_cast<float*>(shared_memory());
  shared_store(shared + lane_index() * stride, 1.0f);
  store(x + lane_index() * stride, load(x + lane_index() * stride) + 1);
}

std::string counted(int stride) {
  static float x[32 * 32];
  emulator::count_from_now(true);
  emulator::told_counts();
  run(strided, 1, 32, 32 * 32 * 4, x, stride);
  emulator::count_from_now(false);
  return emulator::told_counts();
}

void accesses_are_counted() {
  const auto dense = counted(1), sparse = counted(32), even = counted(2);
  expect(says(dense, " read_bytes=128 ") && says(dense, " read_sectors=4 "), "sectors of neighbours: " + dense);
  expect(says(sparse, " read_bytes=128 ") && says(sparse, " read_sectors=32 "), "sectors of strangers: " + sparse);
  expect(says(dense, " shared_passes=1 ") && says(even, " shared_passes=2 ") && says(sparse, " shared_passes=32 "),
         "bank conflicts: " + dense + even + sparse);
}

}  // namespace

int main() {
  sums_are_right_in_any_order();
  each_launch_has_an_order_of_its_own();
  fragments_multiply();
  bf16_rounds_to_even();
  faults_are_found();
  captures_are_replayed();
  accesses_are_counted();
  if (!failures) std::printf("the emulator holds\n");
  return failures != 0;
}
