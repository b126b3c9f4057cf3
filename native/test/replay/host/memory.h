// The emulator works on the host's memory, which the C++ compiler's sanitizers watch.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

#include "controls.h"

/// Memory that holds these bytes and no more.
class Memory {
 public:
  Memory() = default;
  explicit Memory(const std::vector<char>& contents)
      : bytes_(contents.size()), start_(std::make_unique_for_overwrite<char[]>(contents.size())) {
    std::copy(contents.begin(), contents.end(), start_.get());
  }
  int64_t address() const { return reinterpret_cast<int64_t>(start_.get()); }
  std::vector<char> contents() const { return {start_.get(), start_.get() + bytes_}; }

 private:
  size_t bytes_ = 0;
  std::unique_ptr<char[]> start_;
};

inline void require_nothing_held() {
  if (gatun_emulator_held()) throw std::runtime_error("the device kept something when it was closed");
}
