// What a recording's copies from the host read in its place: a block of device memory with an image on the host. First
// lie the ranges that change, which each replay sends anew, then bytes as they were when their copy was recorded.
#pragma once
#include <cstdint>
#include <vector>

#include "arena.h"

namespace gatun {

class Inputs {
 public:
  /// A range of the host that changes. Naming it twice is naming it once.
  void name(const void* host, int64_t bytes);

  /// Makes room for a copy.
  void plan(const void* host, int64_t bytes);
  /// Takes device memory for all that was planned: its own, since what the plan left in the pool is the scopes'.
  void settle(gatun_device* device);
  /// Where in device memory the copy reads; refuses one that was not planned.
  const void* place(const void* host, int64_t bytes);

  /// Brings the image up to date.
  void look();
  /// The same, and answers how many of its bytes may differ from what was sent.
  int64_t refresh();
  /// They are on the device.
  void sent() { is_sent_ = true; }
  char* block() const { return chunk_.start; }
  const char* image() const { return image_.data(); }
  int64_t image_bytes() const { return static_cast<int64_t>(image_.size()); }
  int64_t changing_bytes() const { return changing_bytes_; }

  void release();

 private:
  struct Range {
    const char* host;
    int64_t bytes, at;
  };
  const Range* changing(const void* host, int64_t bytes) const;

  std::vector<Range> ranges_;
  std::vector<char> image_;
  Chunk chunk_{nullptr, 0};
  int64_t changing_bytes_ = 0, planned_bytes_ = 0, placed_bytes_ = 0;
  bool is_settled_ = false, is_sent_ = false;
};

}  // namespace gatun
