// One block of a launch: a fiber for each of its threads, which take turns.
#pragma once
#include <algorithm>
#include <bit>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "copies.h"
#include "counters.h"
#include "fiber.h"
#include "grid.h"
#include "sanitizer.h"

namespace gatun::emulator {

struct Launch {
  const char* kernel;
  Extent grid, block;
  int64_t shared_bytes;
  const std::function<void()>& body;
  bool counts;
  uint64_t seed;
};

/// An address that a sanitizer knows a meeting by.
struct alignas(8) Meeting {};

struct Warp {
  /// Lanes that can go on, and those that wait at a barrier of the block, each a bit at its turn.
  uint32_t ready = ~0u, at_barrier = 0;
  /// Lanes that wait for the others of their warp.
  uint32_t arrived = 0;
  uint32_t left = 0, meetings = 0;
  const char* what = nullptr;
  // Two sets of slots in turn: one may still be read while the next fills.
  alignas(16) Slots slots[2];
  WarpAccesses accesses;
};

struct Fiber {
  void* stack = nullptr;
  sanitizer::Fiber known;
};

struct Thread {
  Fiber fiber;
  Place place{};
  Copies copies;
};

/// One block at work on one OS thread.
class Block {
 public:
  Block() { make_fibers(most_threads); }

  void run(const Launch& launch, Extent index, uint64_t block_seed) {
    launch_ = &launch;
    count_ = static_cast<int>(launch.block.count());
    finished_ = waiting_ = 0;
    barriers_ = 0;
    counts_ = {};
    fault_.clear();
    // Memory of its own for each block, right up to the end of what was asked for: else a sanitizer would take two
    // blocks for one.
    shared_ = std::make_unique_for_overwrite<char[]>(static_cast<size_t>(launch.shared_bytes));
    std::memset(shared_.get(), 0xff, static_cast<size_t>(launch.shared_bytes));
    view = {nullptr, shared_.get(), launch.shared_bytes, launch.counts};
    warps_ = std::deque<Warp>(static_cast<size_t>((count_ + warp_lanes - 1) / warp_lanes));
    barrier_ = std::make_unique<Meeting[]>(2);
    if constexpr (sanitizer::wants_fresh_fibers) make_fibers(count_);
    prepare(index);
    draw_order(block_seed);
    // Back when all have left, when one has met a fault, or when none can go on.
    sanitizer::adopt(scheduler_.known);
    go_on(scheduler_, next());
    if (fault_.empty() && finished_ < count_) fault_ = stuck();
    for (int i = 0; i < count_; i++) sanitizer::end(threads_[static_cast<size_t>(i)].fiber.known);
    for (auto& warp : warps_) warp.accesses.flush(counts_);
    if (!fault_.empty()) throw KernelFault(described(index));
  }

  const Counts& counts() const { return counts_; }
  Thread& thread() { return threads_[static_cast<size_t>(current_)]; }
  Warp& warp() { return warps_[static_cast<size_t>(current_ / warp_lanes)]; }
  const Launch& launch() const { return *launch_; }

  void meet() {
    if (current_ == 0 && launch_->counts) counts_.barriers++;
    if (launch_->counts) flush_warp();
    auto* const meeting = &barrier_[static_cast<size_t>(barriers_ % 2)];
    sanitizer::release(meeting);
    waiting_++;
    warp().at_barrier |= turn_bit();
    if (!opened()) wait();
    sanitizer::acquire(meeting);
  }

  const Slots& meet_warp(const void* payload, int bytes, void (*combine)(Slots&), const char* what) {
    auto& warp = this->warp();
    const int lane = current_ % warp_lanes;
    auto& slots = warp.slots[warp.meetings % 2];
    if (warp.arrived && warp.what != what)
      fault(std::string("lanes of one warp meet in ") + warp.what + " and in " + what);
    warp.what = what;
    std::memcpy(slots[lane], payload, static_cast<size_t>(bytes));
    sanitizer::release(&slots);
    warp.arrived |= 1u << lane;
    if (warp.arrived == ~0u) {
      sanitizer::acquire(&slots);
      if (combine) combine(slots);
      warp.arrived = 0;
      warp.ready = ~0u;
      warp.meetings++;
      if (launch_->counts) warp.accesses.flush(counts_);
      sanitizer::release(&slots);
    } else {
      wait();
      sanitizer::acquire(&slots);
    }
    return slots;
  }

  void flush_warp() {
    // The accesses of a warp are complete when its last lane has come.
    auto& warp = this->warp();
    const int in_warp = std::min(warp_lanes, count_ - current_ / warp_lanes * warp_lanes);
    if (++warp.left == static_cast<uint32_t>(in_warp)) {
      warp.left = 0;
      warp.accesses.flush(counts_);
    }
  }

  void count(Space space, const void* address, int bytes, Site site) {
    warp().accesses.add(current_ % warp_lanes, space, address, bytes, site);
  }
  void note_product() {
    if (launch_->counts && current_ % warp_lanes == 0) counts_.products++;
  }
  void note_async(int bytes) { counts_.async_bytes += bytes; }

  [[noreturn]] void fault(const std::string& what) {
    fault_ = what;
    leave();
  }

  void begin();

 private:
  void make_fibers(int count) {
    stacks_.emplace(count);
    threads_ = std::vector<Thread>(static_cast<size_t>(count));
  }

  void prepare(Extent index) {
    const auto extent = launch_->block;
    for (int i = 0; i < count_; i++) {
      auto& thread = threads_[static_cast<size_t>(i)];
      const auto at = static_cast<uint32_t>(i);
      thread.copies.clear();
      thread.place = {{at % extent.x, at / extent.x % extent.y, at / (extent.x * extent.y)},
                      index,
                      extent,
                      launch_->grid,
                      i % warp_lanes,
                      i};
      thread.fiber.stack = prepared(stacks_->top(i), [] { entry(); });
      sanitizer::begin(thread.fiber.known, stacks_->top(i) - stack_bytes, stack_bytes);
    }
  }

  static void entry();

  uint32_t turn_bit() const { return 1u << lane_turn_[current_ % warp_lanes]; }

  /// Warps, and the lanes of each, take their turns in an order that is another for every seed.
  void draw_order(uint64_t seed) {
    warp_order_.resize(warps_.size());
    std::iota(warp_order_.begin(), warp_order_.end(), 0);
    std::iota(lane_order_, lane_order_ + warp_lanes, 0);
    std::mt19937_64 random(seed);
    if (seed) std::shuffle(warp_order_.begin(), warp_order_.end(), random);
    if (seed) std::shuffle(lane_order_, lane_order_ + warp_lanes, random);
    for (int turn = 0; turn < warp_lanes; turn++) lane_turn_[lane_order_[turn]] = turn;
    warp_turn_ = 0;
    last_turn_ = warp_lanes - 1;
  }

  /// The fiber whose turn it is among those that can go on: a warp keeps its turn until none of its lanes can, so that
  /// one runs as far ahead of the others as barriers let it. Or the scheduler.
  Fiber& next() {
    for (size_t tried = 0; tried < warp_order_.size(); tried++) {
      const int warp = warp_order_[warp_turn_];
      if (const uint32_t ready = warps_[static_cast<size_t>(warp)].ready) {
        const int behind = last_turn_ + 1;
        last_turn_ = (behind + std::countr_zero(std::rotr(ready, behind))) % warp_lanes;
        current_ = warp * warp_lanes + lane_order_[last_turn_];
        view.place = &thread().place;
        return thread().fiber;
      }
      warp_turn_ = (warp_turn_ + 1) % warp_order_.size();
    }
    return scheduler_;
  }

  void go_on(Fiber& from, Fiber& to) {
    left_ = &from;
    sanitizer::leave(from.known, to.known);
    gatun_fiber_switch(&from.stack, to.stack);
    sanitizer::arrive(from.known, left_->known);
  }

  /// Until somebody marks the running thread as ready.
  void wait() {
    warp().ready &= ~turn_bit();
    auto& mine = thread().fiber;
    go_on(mine, next());
  }
  [[noreturn]] void leave() {
    go_on(thread().fiber, scheduler_);
    __builtin_unreachable();
  }

  /// Lets all go on from the barrier, if all that have not left wait there.
  bool opened() {
    if (!waiting_ || waiting_ < count_ - finished_) return false;
    waiting_ = 0;
    barriers_++;
    for (auto& warp : warps_) warp.ready |= std::exchange(warp.at_barrier, 0);
    return true;
  }

  /// Why nothing moves: who waits where.
  std::string stuck() const {
    std::ostringstream text;
    text << "a divergent barrier or collective: " << waiting_ << " of " << count_ << " threads wait at a barrier, "
         << finished_ << " have left";
    for (size_t w = 0; w < warps_.size(); w++)
      if (warps_[w].arrived)
        text << ", lanes " << std::hex << warps_[w].arrived << std::dec << " of warp " << w << " wait in "
             << warps_[w].what;
    return text.str();
  }

  std::string described(Extent index) const {
    std::ostringstream text;
    text << launch_->kernel << ", block (" << index.x << ", " << index.y << ", " << index.z << "), thread " << current_
         << ": " << fault_ << " (order seed " << launch_->seed << ")";
    return text.str();
  }

  const Launch* launch_ = nullptr;
  int count_ = 0, current_ = 0, finished_ = 0, waiting_ = 0;
  int64_t barriers_ = 0;
  std::string fault_;
  std::vector<int> warp_order_;
  /// The lanes by their turns, and the turn of each lane.
  int lane_order_[warp_lanes] = {}, lane_turn_[warp_lanes] = {};
  size_t warp_turn_ = 0;
  int last_turn_ = 0;
  Fiber scheduler_;
  Fiber* left_ = nullptr;
  std::optional<Stacks> stacks_;
  std::vector<Thread> threads_;
  std::deque<Warp> warps_;
  std::unique_ptr<Meeting[]> barrier_;
  std::unique_ptr<char[]> shared_;
  Counts counts_;
};

/// The block at work on this OS thread.
inline thread_local Block* running = nullptr;

inline void Block::entry() {
  running->begin();
  __builtin_unreachable();
}

inline void Block::begin() {
  sanitizer::arrive(thread().fiber.known, left_->known);
  launch_->body();
  sanitizer::release(launch_);
  finished_++;
  if (launch_->counts) flush_warp();
  opened();
  wait();
}

}  // namespace gatun::emulator
