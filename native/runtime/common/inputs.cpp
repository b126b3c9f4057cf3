#include "inputs.h"

#include <cstring>

#include "status.h"

namespace gatun {
namespace {

/// Arrays begin where every element may.
int64_t padded(int64_t bytes) { return (bytes + 15) / 16 * 16; }

}  // namespace

void Inputs::name(const void* host, int64_t bytes) {
  require(!is_settled_, "memory that changes is named before calls are recorded");
  if (bytes == 0 || changing(host, bytes)) return;
  ranges_.push_back({static_cast<const char*>(host), bytes, changing_bytes_});
  changing_bytes_ += padded(bytes);
}

const Inputs::Range* Inputs::changing(const void* host, int64_t bytes) const {
  const auto* const start = static_cast<const char*>(host);
  for (const auto& range : ranges_)
    if (start >= range.host && start + bytes <= range.host + range.bytes) return &range;
  return nullptr;
}

void Inputs::plan(const void* host, int64_t bytes) {
  if (!changing(host, bytes)) planned_bytes_ += padded(bytes);
}

void Inputs::settle(gatun_device* device) {
  is_settled_ = true;
  const int64_t bytes = changing_bytes_ + planned_bytes_;
  image_.resize(static_cast<size_t>(bytes));
  if (!bytes) return;
  chunk_ = {take_from_system(device, bytes), bytes};
  if (!chunk_.start) out_of_memory(bytes, memory_left(device));
}

const void* Inputs::place(const void* host, int64_t bytes) {
  if (const auto* range = changing(host, bytes))
    return block() + range->at + (static_cast<const char*>(host) - range->host);
  require(placed_bytes_ + padded(bytes) <= planned_bytes_, "the calls are not those that were planned");
  const int64_t at = changing_bytes_ + placed_bytes_;
  std::memcpy(image_.data() + at, host, static_cast<size_t>(bytes));
  placed_bytes_ += padded(bytes);
  return block() + at;
}

void Inputs::look() {
  for (const auto& range : ranges_) std::memcpy(image_.data() + range.at, range.host, static_cast<size_t>(range.bytes));
}

int64_t Inputs::refresh() {
  look();
  return is_sent_ ? changing_bytes_ : image_bytes();
}

void Inputs::release() {
  if (chunk_.start) give_to_system(chunk_);
  chunk_ = {nullptr, 0};
}

}  // namespace gatun
