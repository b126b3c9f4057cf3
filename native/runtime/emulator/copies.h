#pragma once
#include <cstddef>
#include <cstring>
#include <vector>

namespace gatun::emulator {

struct Copy {
  void* to;
  const void* from;
  int bytes, wanted_bytes;
};

/// What one thread has copied asynchronously and not yet waited for, in the order in which it was asked for.
class Copies {
 public:
  void clear() {
    queued_.clear();
    ends_.clear();
    done_ = finished_ = 0;
  }

  void queue(const Copy& copy) { queued_.push_back(copy); }
  void commit() { ends_.push_back(queued_.size()); }

  /// Copies all groups but the last `left`.
  void finish(size_t left) {
    for (; finished_ + left < ends_.size(); finished_++)
      for (; done_ < ends_[finished_]; done_++) {
        const auto& copy = queued_[done_];
        std::memset(copy.to, 0, static_cast<size_t>(copy.bytes));
        std::memcpy(copy.to, copy.from, static_cast<size_t>(copy.wanted_bytes));
      }
    if (done_ == queued_.size() && finished_ == ends_.size()) clear();
  }

 private:
  std::vector<Copy> queued_;
  std::vector<size_t> ends_;  // of each group among those queued
  size_t done_ = 0, finished_ = 0;
};

}  // namespace gatun::emulator
