// The words in which kernels reach the hardware: no other file holds PTX, a launch or a built-in variable. The emulator
// has a file of the same name with the same words; the folder that comes first on the include path decides.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>
#include <type_traits>

#define GATUN_DEVICE __device__ __forceinline__
#define GATUN_ANYWHERE __host__ __device__ __forceinline__
#define GATUN_KERNEL(threads, blocks) static __global__ void __launch_bounds__(threads, blocks)
/// Before a loop whose indices must be known to the compiler, or its arrays would not be registers.
#define GATUN_UNROLL _Pragma("unroll")
/// Before a loop that would take registers from the loops around it if it were unrolled.
#define GATUN_KEEP_LOOP _Pragma("unroll 1")

namespace gatun {

/// A place in the source, by which the emulator tells accesses apart: nothing, here.
struct Here {
  GATUN_ANYWHERE static constexpr Here current() { return {}; }
};

// ---- Where a thread is ---------------------------------------------------------------------------------------------

GATUN_DEVICE int thread_index() { return static_cast<int>(threadIdx.x); }
GATUN_DEVICE int threads_in_block() { return static_cast<int>(blockDim.x); }
GATUN_DEVICE int lane_index() { return static_cast<int>(threadIdx.x & 31); }
GATUN_DEVICE int warp_index() { return static_cast<int>(threadIdx.x >> 5); }
GATUN_DEVICE int64_t block_x() { return blockIdx.x; }
GATUN_DEVICE int64_t block_y() { return blockIdx.y; }
GATUN_DEVICE int64_t block_z() { return blockIdx.z; }
GATUN_DEVICE int64_t blocks_x() { return gridDim.x; }

// ---- Memory --------------------------------------------------------------------------------------------------------

/// What moves in one access: 16 bytes, or 8 of a T that is as strictly aligned.
template <int bytes> struct AccessOf;
template <> struct AccessOf<16> { using type = uint4; };
template <> struct AccessOf<8> { using type = uint2; };
template <class T> constexpr bool in_one_access = sizeof(T) == 16 ||
                                                  (std::is_class_v<T> && sizeof(T) == 8 && alignof(T) == 8);
template <class T> using Access = typename AccessOf<sizeof(T)>::type;

/// Global memory.
template <class T> GATUN_DEVICE T load(const T* from, Here = {}) {
  if constexpr (in_one_access<T>) {
    const auto bits = *reinterpret_cast<const Access<T>*>(from);
    T value;
    memcpy(&value, &bits, sizeof(T));
    return value;
  } else {
    return *from;
  }
}
template <class T> GATUN_DEVICE void store(T* to, const T& value, Here = {}) {
  if constexpr (in_one_access<T>) {
    Access<T> bits;
    memcpy(&bits, &value, sizeof(T));
    *reinterpret_cast<Access<T>*>(to) = bits;
  } else {
    *to = value;
  }
}
/// The same for what is met once: it need not stay in the caches.
template <class T> GATUN_DEVICE T load_once(const T* from, Here = {}) {
  if constexpr (in_one_access<T>) {
    const auto bits = __ldcs(reinterpret_cast<const Access<T>*>(from));
    T value;
    memcpy(&value, &bits, sizeof(T));
    return value;
  } else {
    return *from;
  }
}
template <class T> GATUN_DEVICE void store_once(T* to, const T& value, Here = {}) {
  if constexpr (in_one_access<T>) {
    Access<T> bits;
    memcpy(&bits, &value, sizeof(T));
    __stcs(reinterpret_cast<Access<T>*>(to), bits);
  } else {
    *to = value;
  }
}

/// The block's shared memory: all of it is asked for at the launch.
GATUN_DEVICE char* shared_memory() {
  extern __shared__ __align__(16) char gatun_shared[];
  return gatun_shared;
}
template <class T> GATUN_DEVICE T shared_load(const T* from, Here = {}) { return load(from); }
template <class T> GATUN_DEVICE void shared_store(T* to, const T& value, Here = {}) { store(to, value); }

/// 16 bytes from global to shared memory, behind the kernel's back; of which the first `wanted` are read and the others
/// become zero.
GATUN_DEVICE void copy_async(void* to, const void* from, int wanted) {
  const auto shared = static_cast<uint32_t>(__cvta_generic_to_shared(to));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared), "l"(__cvta_generic_to_global(from)),
               "r"(wanted)
               : "memory");
}
/// One number likewise, or zero.
template <class W> GATUN_DEVICE void copy_async_number(W* to, const W* from, bool wanted) {
  constexpr int bytes = sizeof(W);
  asm volatile(
      "cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(static_cast<uint32_t>(__cvta_generic_to_shared(to))),
      "l"(__cvta_generic_to_global(from)), "n"(bytes), "r"(wanted ? bytes : 0)
      : "memory");
}
GATUN_DEVICE void copy_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/// Waits until at most `groups` of the committed ones are under way.
template <int groups> GATUN_DEVICE void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(groups) : "memory");
}

// ---- Numbers -------------------------------------------------------------------------------------------------------

GATUN_DEVICE uint32_t bits_of_float(float x) { return __float_as_uint(x); }
GATUN_DEVICE float float_of_bf16(uint16_t bits) { return __uint_as_float(static_cast<uint32_t>(bits) << 16); }
/// Rounded to nearest, ties to even.
GATUN_DEVICE uint16_t bf16_of_float(float x) {
  uint16_t bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return bits;
}
/// Two of them in a word, the first one in its lower half.
GATUN_DEVICE uint32_t bf16_pair_of_floats(float low, float high) {
  uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}

/// 2^x to 22 bits, and 0 where that is below the normal numbers.
GATUN_DEVICE float rough_exp2(float x) {
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
}

/// Each rounds once, whatever the compiler would fuse around it: the same bits on every machine.
GATUN_DEVICE float fused(float a, float b, float c) { return __fmaf_rn(a, b, c); }
GATUN_DEVICE double fused(double a, double b, double c) { return __fma_rn(a, b, c); }
GATUN_DEVICE float product(float a, float b) { return __fmul_rn(a, b); }
GATUN_DEVICE double product(double a, double b) { return __dmul_rn(a, b); }
GATUN_DEVICE float difference(float a, float b) { return __fsub_rn(a, b); }
GATUN_DEVICE float root(float x) { return __fsqrt_rn(x); }

// ---- Meeting -------------------------------------------------------------------------------------------------------

GATUN_DEVICE void block_barrier() { __syncthreads(); }
GATUN_DEVICE void warp_barrier() { __syncwarp(); }
template <class T> GATUN_DEVICE T shuffle_xor(T value, int mask) { return __shfl_xor_sync(~0u, value, mask); }
template <class T> GATUN_DEVICE T shuffle(T value, int lane) { return __shfl_sync(~0u, value, lane); }

// ---- Matrices ------------------------------------------------------------------------------------------------------

/// Four 8 x 8 matrices of 16-bit elements, the rows of matrix i at the addresses of lanes 8 i to 8 i + 7: lane l gets
/// elements 2 (l % 4) and the next of row l / 4 of each.
GATUN_DEVICE void load_matrices(uint32_t out[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(row)))
               : "memory");
}
/// The same with each matrix transposed: lane l gets elements of column l / 4, of rows 2 (l % 4) and the next.
GATUN_DEVICE void load_matrices_transposed(uint32_t out[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(row)))
               : "memory");
}

/// d (16, 8) += a (16, 16) b (16, 8) in bf16 with fp32 sums, in the fragments of PTX's mma.m16n8k16.
GATUN_DEVICE void multiply_fragments(float d[4], const uint32_t a[4], const uint32_t b[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, "
      "%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// ---- Launching -----------------------------------------------------------------------------------------------------

/// Shared memory beyond what every kernel is granted is asked for.
template <class... Parameters> cudaError_t ask_for_shared(void (*kernel)(Parameters...), int64_t bytes) {
  constexpr int64_t granted_without_asking = 48 << 10;
  if (bytes <= granted_without_asking) return cudaSuccess;
  return cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                              static_cast<int>(bytes));
}

/// Loads a kernel, so that its first launch can be recorded.
template <class... Parameters> cudaError_t prepare_kernel(void (*kernel)(Parameters...), int64_t shared_bytes) {
  cudaFuncAttributes found;
  if (const auto error = ask_for_shared(kernel, shared_bytes); error != cudaSuccess) return error;
  return cudaFuncGetAttributes(&found, reinterpret_cast<const void*>(kernel));
}

template <class... Parameters, class... Arguments>
cudaError_t launch_kernel(const char*, void (*kernel)(Parameters...), dim3 grid, int threads, int64_t shared_bytes,
                          cudaStream_t stream, Arguments... arguments) {
  if (const auto error = ask_for_shared(kernel, shared_bytes); error != cudaSuccess) return error;
  return [&](Parameters... values) {
    void* addresses[] = {static_cast<void*>(&values)...};
    return cudaLaunchKernel(reinterpret_cast<const void*>(kernel), grid, dim3(static_cast<unsigned>(threads)),
                            addresses, static_cast<size_t>(shared_bytes), stream);
  }(static_cast<Parameters>(arguments)...);
}

}  // namespace gatun
