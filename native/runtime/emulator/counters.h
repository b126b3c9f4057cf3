// What kernels spend: bytes and 32-byte sectors of global memory, bank conflicts of shared memory, tensor-core products
// and barriers. An access is one instruction of a warp: what its lanes do at the same place in the source for the same
// time since they last met.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "thread.h"

namespace gatun::emulator {

struct Counts {
  int64_t launches = 0, blocks = 0;
  /// The most of any launch: threads a block, and bytes of shared memory a block.
  int64_t threads = 0, shared_bytes = 0;
  int64_t read_bytes = 0, written_bytes = 0;
  int64_t read_sectors = 0, written_sectors = 0;
  /// Of the bytes above, those that moved in accesses of 16 bytes a lane.
  int64_t wide_bytes = 0;
  /// Passes over the banks of shared memory, and how many would do if no two lanes met in a bank.
  int64_t shared_passes = 0, shared_passes_needed = 0;
  int64_t products = 0, barriers = 0, async_bytes = 0;

  Counts& operator+=(const Counts& other);
};

/// The accesses of one warp since its lanes last met.
class WarpAccesses {
 public:
  void add(int lane, Space space, const void* address, int bytes, Site site);
  void flush(Counts& counts);

 private:
  static constexpr int lanes = 32;
  /// One instruction: what each lane that took part in it met.
  struct Access {
    int count = 0;
    struct Lane {
      uintptr_t address;
      int bytes, lane;
    } of[lanes];
  };
  /// The instructions of one place, and how many of them each lane has met.
  struct Known {
    Site site;
    Space space;
    int used = 0;
    int met[lanes] = {};
    std::vector<Access> accesses;
  };
  // Places and their room are kept from one meeting to the next: few, and found by looking through them.
  std::vector<Known> places_;

  Known& at(Site site, Space space);
  static void count_global(const Access& access, Space space, Counts& counts);
  static void count_shared(const Access& access, Counts& counts);
};

/// Whether launches count from here on; counting is ten times slower.
void count_from_now(bool on);
bool counting();
void add_counts(const std::string& kernel, const Counts& counts);
/// One line a kernel: name, then "field=value" for each field. Forgets what it tells.
std::string told_counts();

}  // namespace gatun::emulator
