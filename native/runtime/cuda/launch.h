// Launching a kernel on a stream: GATUN_LAUNCH(stream, kernel, {blocks}, threads, shared bytes, arguments...).
#pragma once
#include "intrinsics.h"
#include "stream.h"

#define GATUN_LAUNCH(stream, kernel, grid, threads, shared_bytes, ...)                                          \
  ::gatun::require_cuda((stream).device,                                                                        \
                        (stream).planned ? ::gatun::prepare_kernel(kernel, shared_bytes)                        \
                                         : ::gatun::launch_kernel(#kernel, kernel, grid, threads, shared_bytes, \
                                                                  (stream).handle, __VA_ARGS__),                \
                        "launching " #kernel)

namespace gatun {

/// The blocks that `n` pieces of work need at `each` a block, but no more than keep the device busy: kernels walk the
/// rest in strides of the grid.
inline dim3 grid_for(const gatun_stream& stream, int64_t n, int64_t each, int64_t blocks_a_processor = 8) {
  const int64_t wanted = (n + each - 1) / each, most = stream.limits.processors * blocks_a_processor;
  return dim3(static_cast<unsigned>(wanted < 1 ? 1 : wanted < most ? wanted : most));
}

}  // namespace gatun
