// A kernel that needs more registers than two blocks of 1024 threads leave it.
__global__ void __launch_bounds__(1024, 2) spilling(float* x) {
  constexpr int count = 64;
  float kept[count];
#pragma unroll
  for (int i = 0; i < count; i++) kept[i] = x[threadIdx.x + i * 1024];
  __syncthreads();
#pragma unroll
  for (int i = 0; i < count; i++) x[threadIdx.x * count + i * 7 % count] = kept[i] * kept[count - 1 - i];
}
