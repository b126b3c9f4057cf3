// The words in which kernels reach the hardware, as the emulator understands them. The CUDA meaning of each is in the
// file of the same name beside the CUDA runtime; the folder that comes first on the include path decides.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <source_location>

#include "cuda_runtime.h"
#include "thread.h"

#define GATUN_DEVICE inline
#define GATUN_ANYWHERE inline
#define GATUN_KERNEL(threads, blocks) static void
#define GATUN_UNROLL
#define GATUN_KEEP_LOOP

namespace gatun {

using Here = std::source_location;

// ---- Where a thread is ---------------------------------------------------------------------------------------------

inline int thread_index() { return emulator::here().linear; }
inline int threads_in_block() { return static_cast<int>(emulator::here().block_extent.count()); }
inline int lane_index() { return emulator::here().lane; }
inline int warp_index() { return emulator::here().linear / 32; }
inline int64_t block_x() { return emulator::here().block.x; }
inline int64_t block_y() { return emulator::here().block.y; }
inline int64_t block_z() { return emulator::here().block.z; }
inline int64_t blocks_x() { return emulator::here().grid_extent.x; }

// ---- Memory --------------------------------------------------------------------------------------------------------

namespace emulator {
inline Site site_of(const Here& at) { return {at.file_name(), at.line(), at.column()}; }
template <class T> void require_aligned(const T* address) {
  if (reinterpret_cast<uintptr_t>(address) % (sizeof(T) < 16 ? sizeof(T) : 16)) fault("a misaligned access");
}
template <class T> void require_shared(const T* address) {
  const char* at = reinterpret_cast<const char*>(address);
  if (at < shared_start() || at + sizeof(T) > shared_start() + shared_extent())
    fault("an access outside shared memory");
}
}  // namespace emulator

/// Global memory. T of 16 bytes moves in one access.
template <class T> T load(const T* from, Here at = Here::current()) {
  emulator::require_aligned(from);
  emulator::note_access(emulator::Space::global_read, from, sizeof(T), emulator::site_of(at));
  return *from;
}
template <class T> void store(T* to, const T& value, Here at = Here::current()) {
  emulator::require_aligned(to);
  emulator::note_access(emulator::Space::global_write, to, sizeof(T), emulator::site_of(at));
  *to = value;
}
/// The same for what is met once: it need not stay in the caches.
template <class T> T load_once(const T* from, Here at = Here::current()) { return load(from, at); }
template <class T> void store_once(T* to, const T& value, Here at = Here::current()) { store(to, value, at); }

/// The block's shared memory: all of it is asked for at the launch.
inline char* shared_memory() { return emulator::shared_start(); }
template <class T> T shared_load(const T* from, Here at = Here::current()) {
  emulator::require_aligned(from);
  emulator::require_shared(from);
  emulator::note_access(emulator::Space::shared_read, from, sizeof(T), emulator::site_of(at));
  return *from;
}
template <class T> void shared_store(T* to, const T& value, Here at = Here::current()) {
  emulator::require_aligned(to);
  emulator::require_shared(to);
  emulator::note_access(emulator::Space::shared_write, to, sizeof(T), emulator::site_of(at));
  *to = value;
}

/// 16 bytes from global to shared memory, behind the kernel's back; of which the first `wanted` are read and the others
/// become zero.
inline void copy_async(void* to, const void* from, int wanted, Here at = Here::current()) {
  struct Sixteen {
    alignas(16) char bytes[16];
  };
  emulator::require_aligned(static_cast<Sixteen*>(to));
  emulator::require_shared(static_cast<Sixteen*>(to));
  if (wanted) emulator::require_aligned(static_cast<const Sixteen*>(from));
  if (wanted) emulator::note_access(emulator::Space::global_read, from, wanted, emulator::site_of(at));
  emulator::note_access(emulator::Space::shared_write, to, 16, emulator::site_of(at));
  emulator::queue_copy(to, from, 16, wanted);
}
/// One number likewise, or zero.
template <class W> void copy_async_number(W* to, const W* from, bool wanted, Here at = Here::current()) {
  emulator::require_aligned(to);
  emulator::require_shared(to);
  if (wanted) emulator::require_aligned(from);
  if (wanted) emulator::note_access(emulator::Space::global_read, from, sizeof(W), emulator::site_of(at));
  emulator::note_access(emulator::Space::shared_write, to, sizeof(W), emulator::site_of(at));
  emulator::queue_copy(to, from, sizeof(W), wanted ? sizeof(W) : 0);
}
inline void copy_async_commit() { emulator::commit_copies(); }
/// Waits until at most `groups` of the committed ones are under way.
template <int groups> void copy_async_wait() { emulator::finish_copies(groups); }

// ---- Numbers -------------------------------------------------------------------------------------------------------

// As on the device each takes a float to a float.
using std::exp;
using std::exp2;
using std::fma;
using std::fmax;
using std::fmin;
using std::log;
using std::pow;
using std::sqrt;
using std::tanh;

inline uint32_t bits_of_float(float x) { return __builtin_bit_cast(uint32_t, x); }
inline float float_of_bf16(uint16_t bits) {
  const uint32_t word = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &word, 4);
  return value;
}
/// Rounded to nearest, ties to even.
inline uint16_t bf16_of_float(float x) {
  const uint32_t word = bits_of_float(x);
  constexpr uint16_t any_nan = 0x7fff;
  if (x != x) return any_nan;
  return static_cast<uint16_t>((word + 0x7fff + (word >> 16 & 1)) >> 16);
}
/// Two of them in a word, the first one in its lower half.
inline uint32_t bf16_pair_of_floats(float low, float high) {
  return bf16_of_float(low) | static_cast<uint32_t>(bf16_of_float(high)) << 16;
}

/// 2^x to 22 bits, and 0 where that is below the normal numbers.
inline float rough_exp2(float x) { return x < -126 ? 0.0f : std::exp2(x); }

/// Each rounds once, whatever the compiler would fuse around it: the same bits on every machine.
inline float fused(float a, float b, float c) { return std::fma(a, b, c); }
inline double fused(double a, double b, double c) { return std::fma(a, b, c); }
inline float product(float a, float b) { return a * b; }
inline double product(double a, double b) { return a * b; }
inline float difference(float a, float b) { return a - b; }
inline float root(float x) { return std::sqrt(x); }

// ---- Meeting -------------------------------------------------------------------------------------------------------

inline void block_barrier() { emulator::meet_block(); }
inline void warp_barrier() {
  const char nothing = 0;
  emulator::meet_warp(&nothing, 1, nullptr, "a warp barrier");
}
template <class T> T shuffle_xor(T value, int mask) {
  static_assert(sizeof(T) <= emulator::most_payload_bytes);
  const auto& slots = emulator::meet_warp(&value, sizeof(T), nullptr, "a shuffle");
  std::memcpy(&value, slots[lane_index() ^ mask], sizeof(T));
  return value;
}
template <class T> T shuffle(T value, int lane) {
  static_assert(sizeof(T) <= emulator::most_payload_bytes);
  const auto& slots = emulator::meet_warp(&value, sizeof(T), nullptr, "a shuffle");
  std::memcpy(&value, slots[lane & 31], sizeof(T));
  return value;
}

// ---- Matrices ------------------------------------------------------------------------------------------------------

/// Four 8 x 8 matrices of 16-bit elements, the rows of matrix i at the addresses of lanes 8 i to 8 i + 7: lane l gets
/// elements 2 (l % 4) and the next of row l / 4 of each.
inline void load_matrices(uint32_t out[4], const void* row, Here at = Here::current()) {
  struct Row {
    alignas(16) uint16_t elements[8];
  };
  emulator::require_aligned(static_cast<const Row*>(row));
  emulator::require_shared(static_cast<const Row*>(row));
  emulator::note_access(emulator::Space::shared_read, row, 16, emulator::site_of(at));
  const auto& slots = emulator::meet_warp(&row, sizeof row, nullptr, "ldmatrix");
  for (int i = 0; i < 4; i++) {
    const uint32_t* words;
    std::memcpy(&words, slots[i * 8 + lane_index() / 4], sizeof words);
    out[i] = words[lane_index() % 4];
  }
}
/// The same with each matrix transposed: lane l gets elements of column l / 4, of rows 2 (l % 4) and the next.
inline void load_matrices_transposed(uint32_t out[4], const void* row, Here at = Here::current()) {
  struct Row {
    alignas(16) uint16_t elements[8];
  };
  emulator::require_aligned(static_cast<const Row*>(row));
  emulator::require_shared(static_cast<const Row*>(row));
  emulator::note_access(emulator::Space::shared_read, row, 16, emulator::site_of(at));
  const auto& slots = emulator::meet_warp(&row, sizeof row, nullptr, "ldmatrix.trans");
  for (int i = 0; i < 4; i++) {
    const int column = lane_index() / 4, first = i * 8 + lane_index() % 4 * 2;
    const uint16_t *upper, *lower;
    std::memcpy(&upper, slots[first], sizeof upper);
    std::memcpy(&lower, slots[first + 1], sizeof lower);
    out[i] = static_cast<uint32_t>(upper[column]) | static_cast<uint32_t>(lower[column]) << 16;
  }
}

/// d (16, 8) += a (16, 16) b (16, 8) in bf16 with fp32 sums, in the fragments of PTX's mma.m16n8k16.
void multiply_fragments(float d[4], const uint32_t a[4], const uint32_t b[2]);

// ---- Launching -----------------------------------------------------------------------------------------------------

/// There is nothing to load.
template <class... Parameters> cudaError_t prepare_kernel(void (*)(Parameters...), int64_t) { return cudaSuccess; }

template <class... Parameters, class... Arguments>
cudaError_t launch_kernel(const char* name, void (*kernel)(Parameters...), dim3 grid, int threads, int64_t shared_bytes,
                          cudaStream_t stream, Arguments... arguments) {
  return emulator::submit(name, {grid.x, grid.y, grid.z}, {static_cast<uint32_t>(threads), 1, 1}, shared_bytes, stream,
                          [=] { kernel(static_cast<Parameters>(arguments)...); });
}

}  // namespace gatun
