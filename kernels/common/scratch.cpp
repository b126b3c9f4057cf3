#include "scratch.h"

#include <new>

namespace gatun::GATUN_LEVEL {
namespace {

constexpr std::align_val_t alignment{64};

struct Owned {
  void* at = nullptr;
  int64_t bytes = 0;
  ~Owned() { release(); }
  void release() {
    ::operator delete(at, alignment);
    at = nullptr;
    bytes = 0;
  }
};

thread_local Owned owned;

}  // namespace

char* team_scratch(int64_t threads, int64_t bytes_each) {
  const int64_t bytes = threads * bytes_each;
  if (owned.bytes < bytes) {
    owned.release();
    owned.at = ::operator new(size_t(bytes), alignment);
    owned.bytes = bytes;
    memset(owned.at, 0, size_t(bytes));
  }
  return static_cast<char*>(owned.at);
}

}  // namespace gatun::GATUN_LEVEL
