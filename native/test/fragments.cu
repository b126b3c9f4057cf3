// Prints which element of a matrix each lane of a warp holds, as found by asking: ldmatrix for numbered elements, mma
// for products of one element of a with numbered elements of b. Compiled by nvcc and over the emulator; the two must
// print the same.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "intrinsics.h"

using namespace gatun;

namespace {

constexpr int lanes = 32, elements_of_a = 8, elements_of_b = 4, sums = 4;
constexpr int held_by_matrices = 8;

/// Four 8 x 8 matrices of the numbers from 0, as each lane gets them: plainly, then transposed.
GATUN_KERNEL(lanes, 1) deal_matrices(uint16_t* out) {
  auto* const matrices = reinterpret_cast<uint16_t*>(shared_memory());
  for (int i = lane_index(); i < 4 * 64; i += lanes) shared_store(matrices + i, static_cast<uint16_t>(i));
  block_barrier();
  uint32_t plain[4], transposed[4];
  load_matrices(plain, matrices + lane_index() * 8);
  load_matrices_transposed(transposed, matrices + lane_index() * 8);
  for (int i = 0; i < held_by_matrices; i++) {
    const int half = i % 2 * 16;
    store(out + lane_index() * held_by_matrices + i, static_cast<uint16_t>(plain[i / 2] >> half));
    store(out + (lanes + lane_index()) * held_by_matrices + i, static_cast<uint16_t>(transposed[i / 2] >> half));
  }
}

/// For each element of a, alone and 1, its product with b, whose elements are numbered from 1: exact in bf16.
GATUN_KERNEL(lanes, 1) multiply_single_elements(float* out) {
  uint32_t b[2];
  for (int i = 0; i < 2; i++) {
    const int number = lane_index() * elements_of_b + 2 * i + 1;
    b[i] = bf16_of_float(static_cast<float>(number)) |
           static_cast<uint32_t>(bf16_of_float(static_cast<float>(number + 1))) << 16;
  }
  for (int element = 0; element < lanes * elements_of_a; element++) {
    const bool mine = element / elements_of_a == lane_index();
    uint32_t a[4];
    for (int i = 0; i < 4; i++) {
      const bool here = mine && element % elements_of_a / 2 == i;
      a[i] = here ? static_cast<uint32_t>(bf16_of_float(1)) << element % 2 * 16 : 0;
    }
    float d[sums] = {};
    multiply_fragments(d, a, b);
    for (int i = 0; i < sums; i++) store(out + (element * lanes + lane_index()) * sums + i, d[i]);
  }
}

void require(cudaError_t error) {
  if (error == cudaSuccess) return;
  std::fprintf(stderr, "%s\n", cudaGetErrorString(error));
  std::exit(1);
}

/// What a kernel of one warp writes.
template <class T> std::vector<T> written(void (*kernel)(T*), const char* name, size_t count) {
  cudaStream_t stream;
  require(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  void* device = nullptr;
  require(cudaMalloc(&device, count * sizeof(T)));
  require(launch_kernel(name, kernel, dim3(1), lanes, 4 * 64 * sizeof(uint16_t), stream, static_cast<T*>(device)));
  std::vector<T> host(count);
  require(cudaMemcpyAsync(host.data(), device, count * sizeof(T), cudaMemcpyDeviceToHost, stream));
  require(cudaStreamSynchronize(stream));
  require(cudaFree(device));
  require(cudaStreamDestroy(stream));
  return host;
}

void print_matrices() {
  const auto elements = written(deal_matrices, "deal_matrices", 2 * lanes * held_by_matrices);
  for (int row = 0; row < 2 * lanes; row++) {
    std::printf("ldmatrix%s lane %d:", row < lanes ? "" : ".trans", row % lanes);
    for (int i = 0; i < held_by_matrices; i++) {
      const int element = elements[row * held_by_matrices + i];
      std::printf(" %d(%d,%d)", element / 64, element / 8 % 8, element % 8);
    }
    std::printf("\n");
  }
}

void print_products() {
  const auto d = written(multiply_single_elements, "multiply_single_elements", lanes * elements_of_a * lanes * sums);
  for (int element = 0; element < lanes * elements_of_a; element++) {
    std::printf("mma a lane %d element %d:", element / elements_of_a, element % elements_of_a);
    for (int i = 0; i < lanes * sums; i++)
      if (const int b = static_cast<int>(d[element * lanes * sums + i]); b)
        std::printf(" b%d.%d=d%d.%d", (b - 1) / elements_of_b, (b - 1) % elements_of_b, i / sums, i % sums);
    std::printf("\n");
  }
}

}  // namespace

int main() {
  enum { SKIPPED = 77 };
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::printf("skipped: there is no device\n");
    return SKIPPED;
  }
  print_matrices();
  print_products();
  return 0;
}
