// Memory of a CUDA device, each array an allocation of its own, which compute-sanitizer watches.
#pragma once
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

/// Memory that holds these bytes and no more.
class Memory {
 public:
  Memory() = default;
  explicit Memory(const std::vector<char>& contents) : bytes_(contents.size()) {
    void* start = nullptr;
    require(cudaMalloc(&start, std::max<size_t>(bytes_, 1)));
    start_.reset(static_cast<char*>(start));
    require(cudaMemcpy(start, contents.data(), bytes_, cudaMemcpyHostToDevice));
  }
  int64_t address() const { return reinterpret_cast<int64_t>(start_.get()); }
  std::vector<char> contents() const {
    std::vector<char> copy(bytes_);
    require(cudaMemcpy(copy.data(), start_.get(), bytes_, cudaMemcpyDeviceToHost));
    return copy;
  }

 private:
  struct Free {
    void operator()(char* start) const { cudaFree(start); }
  };
  static void require(cudaError_t error) {
    if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
  }

  size_t bytes_ = 0;
  std::unique_ptr<char, Free> start_;
};

/// compute-sanitizer has an eye on what is kept.
inline void require_nothing_held() {}
