// The vocabulary of kernels on a device: element types, vectors of 16 bytes, sums over warps and blocks.
//
// T is what an array holds (float, double, bf16), Wide<T> what its arithmetic, its statistics and the gradients of its
// parameters are: float, double, float. Arrays are met in vectors of 16 bytes where their addresses and rows allow it.
#pragma once
#include <type_traits>

#include "intrinsics.h"
#include "launch.h"

namespace gatun {

/// The upper half of a float.
struct bf16 {
  uint16_t bits;
};

template <class T> struct WideOf { using type = T; };
template <> struct WideOf<bf16> { using type = float; };
template <class T> using Wide = typename WideOf<T>::type;

template <class T> GATUN_DEVICE Wide<T> widened(T x) {
  if constexpr (std::is_same_v<T, bf16>)
    return float_of_bf16(x.bits);
  else
    return x;
}

/// Rounded to nearest, ties to even.
template <class T> GATUN_DEVICE T narrowed(Wide<T> x) {
  if constexpr (std::is_same_v<T, bf16>)
    return {bf16_of_float(x)};
  else
    return x;
}

/// 16 bytes of elements.
template <class T> struct alignas(16) Vector {
  static constexpr int count = 16 / sizeof(T);
  T at[count];
};

/// How the elements of an array are met: alone, or in vectors.
template <class T> struct One {
  static constexpr int count = 1;
  T at[1];
};

/// Calls `work` with a null pointer of the element type: by_type(dtype, [&](auto* t) { using T = ...; }).
template <class Work> void by_type(gatun_dtype dtype, Work work) {
  switch (dtype) {
    case GATUN_F64:
      return work(static_cast<double*>(nullptr));
    case GATUN_BF16:
      return work(static_cast<bf16*>(nullptr));
    default:
      return work(static_cast<float*>(nullptr));
  }
}

/// Of the blocks a multiprocessor that a kernel is compiled for, as many as fit where numbers take twice the registers.
template <class T> constexpr int fitting(int blocks) {
  return sizeof(Wide<T>) > sizeof(float) ? (blocks + 1) / 2 : blocks;
}

#define GATUN_ELEMENT(t) std::remove_pointer_t<decltype(t)>

/// Calls `work` with std::true_type or std::false_type.
template <class Work> void by_truth(bool truth, Work work) { truth ? work(std::true_type{}) : work(std::false_type{}); }

/// The i-th ACC argument is overwritten rather than added into.
inline bool is_fresh(int32_t fresh, int i) { return (fresh >> i) & 1; }

/// Whether all of these addresses, where given, allow vectors.
template <class... Pointers> bool aligned(const Pointers*... pointers) {
  return ((reinterpret_cast<uintptr_t>(pointers) % 16 == 0) && ...);
}

// ---- Sums ----------------------------------------------------------------------------------------------------------
// Always in the same order: across the lanes of a warp by halves, across warps one after the other.

template <class W> GATUN_DEVICE W warp_sum(W value) {
  for (int mask = 16; mask; mask /= 2) value += shuffle_xor(value, mask);
  return value;
}

template <class W> GATUN_DEVICE W warp_max(W value) {
  for (int mask = 16; mask; mask /= 2) {
    const W other = shuffle_xor(value, mask);
    value = other > value ? other : value;
  }
  return value;
}

/// The sum over all threads of the block, in every thread. `scratch` is shared memory for one W a warp.
template <class W> GATUN_DEVICE W block_sum(W value, W* scratch) {
  value = warp_sum(value);
  block_barrier();
  if (lane_index() == 0) shared_store(scratch + warp_index(), value);
  block_barrier();
  W sum = 0;
  for (int warp = 0; warp < threads_in_block() / 32; warp++) sum += shared_load(scratch + warp);
  return sum;
}

template <class W> GATUN_DEVICE W block_max(W value, W* scratch) {
  value = warp_max(value);
  block_barrier();
  if (lane_index() == 0) shared_store(scratch + warp_index(), value);
  block_barrier();
  W max = shared_load(scratch);
  for (int warp = 1; warp < threads_in_block() / 32; warp++) {
    const W other = shared_load(scratch + warp);
    max = other > max ? other : max;
  }
  return max;
}

// ---- One block for a whole array ------------------------------------------------------------------------------------

/// visit(i, from[i]) for each i; a thread meets its own in order. Several loads of a thread are under way together.
template <class T, class Visit> GATUN_DEVICE void over_block(const T* from, int64_t n, Visit visit) {
  constexpr int together = 8;
  const int step = threads_in_block();
  for (int64_t first = thread_index(); first < n; first += together * step) {
    T found[together];
    GATUN_UNROLL
    for (int k = 0; k < together; k++)
      if (first + k * step < n) found[k] = load(from + first + k * step);
    GATUN_UNROLL
    for (int k = 0; k < together; k++)
      if (first + k * step < n) visit(first + k * step, found[k]);
  }
}

}  // namespace gatun
