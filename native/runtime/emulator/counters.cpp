#include "counters.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <sstream>

namespace gatun::emulator {
namespace {

std::atomic<bool> on{false};
std::mutex telling;
std::map<std::string, Counts> known;

constexpr uintptr_t sector = 32, banks = 32, bank_bytes = 4;

}  // namespace

Counts& Counts::operator+=(const Counts& other) {
  launches += other.launches;
  blocks += other.blocks;
  threads = std::max(threads, other.threads);
  shared_bytes = std::max(shared_bytes, other.shared_bytes);
  read_bytes += other.read_bytes;
  written_bytes += other.written_bytes;
  read_sectors += other.read_sectors;
  written_sectors += other.written_sectors;
  wide_bytes += other.wide_bytes;
  shared_passes += other.shared_passes;
  shared_passes_needed += other.shared_passes_needed;
  products += other.products;
  barriers += other.barriers;
  async_bytes += other.async_bytes;
  return *this;
}

WarpAccesses::Known& WarpAccesses::at(Site site, Space space) {
  for (auto& known : places_)
    if (known.space == space && known.site == site) return known;
  places_.push_back({.site = site, .space = space, .accesses = {}});
  return places_.back();
}

void WarpAccesses::add(int lane, Space space, const void* address, int bytes, Site site) {
  auto& known = at(site, space);
  const int which = known.met[lane]++;
  if (which == known.used) {
    known.used++;
    if (known.used > static_cast<int>(known.accesses.size())) known.accesses.emplace_back();
    known.accesses[static_cast<size_t>(which)].count = 0;
  }
  auto& access = known.accesses[static_cast<size_t>(which)];
  access.of[access.count++] = {reinterpret_cast<uintptr_t>(address), bytes, lane};
}

void WarpAccesses::flush(Counts& counts) {
  for (auto& known : places_) {
    const bool shared = known.space == Space::shared_read || known.space == Space::shared_write;
    for (int i = 0; i < known.used; i++) {
      const auto& access = known.accesses[static_cast<size_t>(i)];
      shared ? count_shared(access, counts) : count_global(access, known.space, counts);
    }
    known.used = 0;
    std::fill(known.met, known.met + lanes, 0);
  }
}

/// What several lanes read at one address moves once.
void WarpAccesses::count_global(const Access& access, Space space, Counts& counts) {
  Access sorted = access;
  std::sort(sorted.of, sorted.of + sorted.count, [](auto& a, auto& b) { return a.address < b.address; });
  int64_t bytes = 0, sectors = 0;
  uintptr_t counted = 0;  // all sectors before this one
  for (int i = 0; i < sorted.count; i++) {
    const auto& lane = sorted.of[i];
    if (i && lane.address == sorted.of[i - 1].address) continue;
    bytes += lane.bytes;
    if (lane.bytes == 16) counts.wide_bytes += 16;
    const uintptr_t first = std::max(lane.address / sector, counted);
    const uintptr_t end = (lane.address + static_cast<uintptr_t>(lane.bytes) - 1) / sector + 1;
    if (end > first) sectors += static_cast<int64_t>(end - first);
    counted = std::max(counted, end);
  }
  const bool reads = space == Space::global_read;
  (reads ? counts.read_bytes : counts.written_bytes) += bytes;
  (reads ? counts.read_sectors : counts.written_sectors) += sectors;
}

/// Distinct 4-byte words a bank must serve one after the other; accesses of 16 bytes are served by quarters of a warp,
/// of 8 bytes by halves.
void WarpAccesses::count_shared(const Access& access, Counts& counts) {
  int widest = 0;
  for (int i = 0; i < access.count; i++) widest = std::max(widest, access.of[i].bytes);
  const int lanes_a_pass = widest >= 16 ? 8 : widest == 8 ? 16 : 32;
  for (int first = 0; first < lanes; first += lanes_a_pass) {
    std::vector<uintptr_t> words;
    for (int i = 0; i < access.count; i++) {
      const auto& lane = access.of[i];
      if (lane.lane < first || lane.lane >= first + lanes_a_pass) continue;
      const uintptr_t last = (lane.address + static_cast<uintptr_t>(lane.bytes) - 1) / bank_bytes;
      for (uintptr_t word = lane.address / bank_bytes; word <= last; word++) words.push_back(word);
    }
    if (words.empty()) continue;
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    int in_bank[banks] = {};
    for (const auto word : words) in_bank[word % banks]++;
    counts.shared_passes += *std::max_element(in_bank, in_bank + banks);
    counts.shared_passes_needed++;
  }
}

void count_from_now(bool wanted) { on = wanted; }
bool counting() { return on; }

void add_counts(const std::string& kernel, const Counts& counts) {
  const std::lock_guard lock(telling);
  // All instances of a template count together: "(name<T, ...>)" is name.
  const auto start = kernel.find_first_not_of('(');
  known[kernel.substr(start, kernel.find('<') - start)] += counts;
}

std::string told_counts() {
  const std::lock_guard lock(telling);
  std::ostringstream text;
  for (const auto& [kernel, c] : known)
    text << kernel << " launches=" << c.launches << " blocks=" << c.blocks << " threads=" << c.threads
         << " shared_bytes=" << c.shared_bytes << " read_bytes=" << c.read_bytes << " written_bytes=" << c.written_bytes
         << " read_sectors=" << c.read_sectors << " written_sectors=" << c.written_sectors
         << " wide_bytes=" << c.wide_bytes << " shared_passes=" << c.shared_passes
         << " shared_passes_needed=" << c.shared_passes_needed << " products=" << c.products
         << " barriers=" << c.barriers << " async_bytes=" << c.async_bytes << "\n";
  known.clear();
  return text.str();
}

}  // namespace gatun::emulator
