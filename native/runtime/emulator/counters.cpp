#include "counters.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <sstream>

namespace gatun::emulator {
namespace {

std::atomic<bool> on{false};
std::mutex telling;
std::map<std::string, Counts> known;

constexpr uintptr_t sector = 32, banks = 32, bank_bytes = 4;

/// Distinct 4-byte words a bank must serve one after the other; accesses of 16 bytes are served by quarters of a warp,
/// of 8 bytes by halves.
template <class Accesses> void count_shared(const Accesses& accesses, Counts& counts) {
  const int widest =
      std::max_element(accesses.begin(), accesses.end(), [](auto& a, auto& b) { return a.bytes < b.bytes; })->bytes;
  const int lanes_a_pass = widest >= 16 ? 8 : widest == 8 ? 16 : 32;
  for (int first = 0; first < 32; first += lanes_a_pass) {
    std::set<uintptr_t> words[banks];
    bool any = false;
    for (const auto& access : accesses) {
      if (access.lane < first || access.lane >= first + lanes_a_pass) continue;
      any = true;
      for (uintptr_t at = access.address / bank_bytes; at <= (access.address + access.bytes - 1) / bank_bytes; at++)
        words[at % banks].insert(at);
    }
    if (!any) continue;
    size_t passes = 1;
    for (const auto& bank : words) passes = std::max(passes, bank.size());
    counts.shared_passes += static_cast<int64_t>(passes);
    counts.shared_passes_needed++;
  }
}

}  // namespace

Counts& Counts::operator+=(const Counts& other) {
  launches += other.launches;
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

void WarpAccesses::add(int lane, Space space, const void* address, int bytes, Site site) {
  const int32_t repetition = repetitions_[{site, lane * 4 + static_cast<int>(space)}]++;
  accesses_[{site, space, repetition}].push_back({reinterpret_cast<uintptr_t>(address), bytes, lane});
}

void WarpAccesses::flush(Counts& counts) {
  for (const auto& [key, accesses] : accesses_) {
    if (key.space == Space::shared_read || key.space == Space::shared_write) {
      count_shared(accesses, counts);
      continue;
    }
    // What several lanes read at one address moves once.
    std::set<uintptr_t> sectors, addresses;
    int64_t bytes = 0;
    for (const auto& access : accesses) {
      if (!addresses.insert(access.address).second) continue;
      bytes += access.bytes;
      if (access.bytes == 16) counts.wide_bytes += 16;
      for (uintptr_t at = access.address / sector; at <= (access.address + access.bytes - 1) / sector; at++)
        sectors.insert(at);
    }
    const bool reads = key.space == Space::global_read;
    (reads ? counts.read_bytes : counts.written_bytes) += bytes;
    (reads ? counts.read_sectors : counts.written_sectors) += static_cast<int64_t>(sectors.size());
  }
  accesses_.clear();
  repetitions_.clear();
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
    text << kernel << " launches=" << c.launches << " read_bytes=" << c.read_bytes
         << " written_bytes=" << c.written_bytes << " read_sectors=" << c.read_sectors
         << " written_sectors=" << c.written_sectors << " wide_bytes=" << c.wide_bytes
         << " shared_passes=" << c.shared_passes << " shared_passes_needed=" << c.shared_passes_needed
         << " products=" << c.products << " barriers=" << c.barriers << " async_bytes=" << c.async_bytes << "\n";
  known.clear();
  return text.str();
}

}  // namespace gatun::emulator
