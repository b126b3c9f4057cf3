#include "grid.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "block.h"
#include "counters.h"
#include "sanitizer.h"

namespace gatun::emulator {

int64_t granted_shared_bytes = 99 << 10;
thread_local View view;

namespace {

/// Of the next launch; each has another, so that what depends on an order differs from one run to the next.
std::atomic<uint64_t> next_seed{1};

/// OS threads that take blocks of a launch. They are the emulator's own: a Java thread must not find itself on a stack
/// that its JVM does not know.
class Team {
 public:
  Team() {
    const unsigned count = std::max(1u, std::min(4u, std::thread::hardware_concurrency()));
    for (unsigned i = 0; i < count; i++) threads_.emplace_back([this] { work(); });
  }

  ~Team() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  void run(const Launch& launch) {
    std::unique_lock lock(mutex_);
    order_.resize(launch.grid.count());
    std::iota(order_.begin(), order_.end(), uint64_t{0});
    if (launch.seed) std::shuffle(order_.begin(), order_.end(), std::mt19937_64(launch.seed));
    launch_ = &launch;
    next_ = 0;
    busy_ = 0;
    fault_.clear();
    counts_ = {};
    // No more than have work: most grids are of one block, and waking a thread takes longer than many a block.
    for (size_t i = 0; i < std::min(order_.size(), threads_.size()); i++) changed_.notify_one();
    ended_.wait(lock, [&] { return next_ >= order_.size() && busy_ == 0; });
    launch_ = nullptr;
    sanitizer::acquire(&launch);
    if (launch.counts) {
      counts_.launches = 1;
      counts_.blocks = static_cast<int64_t>(order_.size());
      counts_.threads = static_cast<int64_t>(launch.block.count());
      counts_.shared_bytes = launch.shared_bytes;
      add_counts(launch.kernel, counts_);
    }
    if (!fault_.empty()) throw KernelFault(fault_);
  }

 private:
  void work() {
    [[maybe_unused]] const sanitizer::Unobserved unobserved{};
    auto block = std::make_unique<Block>();
    running = block.get();
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return ending_ || (launch_ && next_ < order_.size()); });
      if (ending_) return;
      const auto& launch = *launch_;
      const uint64_t index = order_[next_++];
      busy_++;
      lock.unlock();
      std::string fault;
      const auto grid = launch.grid;
      try {
        block->run(launch,
                   {static_cast<uint32_t>(index % grid.x), static_cast<uint32_t>(index / grid.x % grid.y),
                    static_cast<uint32_t>(index / grid.x / grid.y)},
                   launch.seed ? launch.seed + index : 0);
      } catch (const std::exception& failure) {
        fault = failure.what();
      }
      lock.lock();
      busy_--;
      counts_ += block->counts();
      if (!fault.empty()) {
        if (fault_.empty()) fault_ = fault;
        next_ = order_.size();
      }
      if (next_ >= order_.size() && busy_ == 0) ended_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_, ended_;
  std::vector<std::thread> threads_;
  std::vector<uint64_t> order_;
  const Launch* launch_ = nullptr;
  size_t next_ = 0;
  int busy_ = 0;
  bool ending_ = false;
  std::string fault_;
  Counts counts_;
};

void require_limits(const Launch& launch) {
  std::ostringstream why;
  if (launch.grid.count() == 0 || launch.block.count() == 0) why << "an empty grid or block";
  if (launch.block.count() > most_threads || launch.block.count() % warp_lanes)
    why << launch.block.count() << " threads a block";
  if (launch.grid.x > 0x7fffffffu || launch.grid.y > 65535 || launch.grid.z > 65535)
    why << "a grid of " << launch.grid.x << " x " << launch.grid.y << " x " << launch.grid.z;
  if (launch.shared_bytes > granted_shared_bytes) why << launch.shared_bytes << " bytes of shared memory a block";
  if (!why.str().empty()) throw KernelFault(std::string(launch.kernel) + " was launched with " + why.str());
}

}  // namespace

void order_by(uint64_t seed) { next_seed = seed; }

void run_grid(const char* kernel, Extent grid, Extent block, int64_t shared_bytes, const std::function<void()>& body) {
  static Team team;
  static std::mutex one_at_a_time;
  const Launch launch{kernel, grid, block, shared_bytes, body, counting(), next_seed ? next_seed++ : 0};
  require_limits(launch);
  const std::lock_guard lock(one_at_a_time);
  team.run(launch);
}

void meet_block() { running->meet(); }

const Slots& meet_warp(const void* payload, int bytes, void (*combine)(Slots&), const char* what) {
  return running->meet_warp(payload, bytes, combine, what);
}

void queue_copy(void* to, const void* from, int bytes, int wanted_bytes) {
  running->thread().copies.queue({to, from, bytes, wanted_bytes});
  if (running->launch().counts) running->note_async(wanted_bytes);
}

void commit_copies() { running->thread().copies.commit(); }

void finish_copies(int groups_left) { running->thread().copies.finish(static_cast<size_t>(groups_left)); }

void count_access(Space space, const void* address, int bytes, Site site) {
  running->count(space, address, bytes, site);
}
void note_product() { running->note_product(); }
void fault(const char* what) { running->fault(what); }

}  // namespace gatun::emulator
