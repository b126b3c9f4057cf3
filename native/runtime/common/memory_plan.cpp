#include "memory_plan.h"

#include <algorithm>

#include "status.h"

namespace gatun {
namespace {

/// Beyond every address of a process.
constexpr int64_t nowhere = int64_t{1} << 56;

/// All that is asked for, so that no sum of addresses or places overflows.
constexpr int64_t most_bytes = int64_t{1} << 60;

constexpr int64_t block_unit = 2 << 20;

}  // namespace

SharedBlocks::~SharedBlocks() {
  for (const auto& block : blocks_) give_to_system(block);
}

int64_t SharedBlocks::whole(int64_t offset, int64_t bytes) const {
  int64_t end = 0;
  for (const auto& block : blocks_) {
    end += block.bytes;
    // An array ends before its block does: behind its end is nothing else's beginning.
    if (offset < end && end <= offset + bytes) offset = end;
  }
  return offset;
}

void SharedBlocks::reach(int64_t bytes) {
  if (bytes <= bytes_) return;
  const int64_t more = (bytes - bytes_ + block_unit - 1) / block_unit * block_unit;
  char* const start = take_from_system(device_, more);
  if (!start) out_of_memory(more, memory_left(device_));
  blocks_.push_back({start, more});
  bytes_ += more;
}

char* SharedBlocks::at(int64_t offset) const {
  for (const auto& block : blocks_) {
    if (offset < block.bytes) return block.start + offset;
    offset -= block.bytes;
  }
  return nullptr;
}

int64_t SharedBlocks::offset_of(const char* address) const {
  int64_t before = 0;
  for (const auto& block : blocks_) {
    if (address >= block.start && address < block.start + block.bytes) return before + (address - block.start);
    before += block.bytes;
  }
  return -1;
}

char* MemoryPlan::ask(const gatun_scope* scope, int64_t bytes) {
  if (bytes > most_bytes - asked_bytes_) out_of_memory(bytes, memory_left(scope->device));
  asked_.push_back({nowhere + asked_bytes_, bytes, scope});
  asked_bytes_ += bytes;
  return reinterpret_cast<char*>(asked_.back().at);
}

void MemoryPlan::close(const gatun_scope* scope) {
  for (auto& array : asked_)
    if (array.scope == scope) array.scope = nullptr;
}

void MemoryPlan::use(Asked& array) {
  if (!array.first) array.first = call_;
  array.last = call_;
}

void MemoryPlan::use(const void* address) {
  const auto planned = reinterpret_cast<uint64_t>(address);
  if (is_asked(planned)) use(asked_[number_of(static_cast<int64_t>(planned))]);
}

bool MemoryPlan::is_asked(uint64_t planned) const {
  // The end too: an empty part of the last array lies there.
  return !asked_.empty() && planned >= uint64_t{nowhere} &&
         planned <= uint64_t{nowhere} + static_cast<uint64_t>(asked_bytes_);
}

size_t MemoryPlan::number_of(int64_t planned) const {
  const auto behind = std::upper_bound(asked_.begin(), asked_.end(), planned,
                                       [](int64_t place, const Asked& array) { return place < array.at; });
  return static_cast<size_t>(behind - asked_.begin()) - 1;
}

bool MemoryPlan::lies_at(uint64_t planned, const void* address) const {
  const auto at = static_cast<int64_t>(planned);
  const size_t number = number_of(at);
  const auto& array = asked_[number];
  if (array.first && address == blocks_->at(array.offset) + (at - array.at)) return true;
  // An empty part at the end of one array seems to be the next one's.
  if (at != array.at || number == 0) return false;
  const auto& previous = asked_[number - 1];
  return previous.first && address == blocks_->at(previous.offset) + previous.bytes;
}

void MemoryPlan::use_all() {
  for (auto& array : asked_)
    if (array.scope) use(array);
}

int64_t MemoryPlan::place(const SharedBlocks* blocks) {
  std::vector<Asked*> largest_first, placed;
  for (auto& array : asked_)
    if (array.first) largest_first.push_back(&array);
  std::stable_sort(largest_first.begin(), largest_first.end(),
                   [](const Asked* a, const Asked* b) { return a->bytes > b->bytes; });
  const auto whole = [&](int64_t offset, int64_t bytes) { return blocks ? blocks->whole(offset, bytes) : offset; };
  int64_t end = 0;
  for (auto* const array : largest_first) {
    int64_t offset = whole(0, array->bytes);
    for (const auto* const other : placed) {
      if (other->last < array->first || array->last < other->first) continue;
      if (offset + array->bytes <= other->offset) break;
      offset = whole(std::max(offset, other->offset + other->bytes), array->bytes);
    }
    array->offset = offset;
    end = std::max(end, offset + array->bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), array,
                                   [](const Asked* a, const Asked* b) { return a->offset < b->offset; }),
                  array);
  }
  return end;
}

void MemoryPlan::settle() {
  placed_bytes_ = place(nullptr);
  blocks_->reach(1 + (blocks_->bytes() ? place(blocks_.get()) : placed_bytes_));
}

char* MemoryPlan::next(int64_t bytes) {
  require(next_ < asked_.size() && asked_[next_].bytes == bytes, "the calls are not those that were planned");
  const auto& array = asked_[next_++];
  // What no call uses may lie anywhere.
  return array.first ? blocks_->at(array.offset) : reinterpret_cast<char*>(array.at);
}

void MemoryPlan::require_all_met() const {
  require(next_ == asked_.size(), "the calls are not those that were planned");
}

}  // namespace gatun
