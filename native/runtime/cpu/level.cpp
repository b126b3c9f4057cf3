#include "level.h"

#include <cstdlib>
#include <cstring>

#include "status.h"

namespace gatun {
namespace {

const char* const names[] = {"v2", "v3", "v4"};

Level best_level() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4")) return Level::v4;
  if (__builtin_cpu_supports("x86-64-v3")) return Level::v3;
  if (__builtin_cpu_supports("x86-64-v2")) return Level::v2;
  fail(GATUN_NO_DEVICE, "this processor lacks SSE4.2 (x86-64-v2), the least that the CPU kernels are built for");
}

}  // namespace

const char* name_of(Level level) { return names[static_cast<int>(level)]; }

Level choose_level() {
  const Level best = best_level();
  const char* wanted = std::getenv("GATUN_CPU_LEVEL");
  if (!wanted || !*wanted) return best;
  for (const Level level : {Level::v2, Level::v3, Level::v4})
    if (!std::strcmp(wanted, name_of(level))) {
      require(level <= best, "GATUN_CPU_LEVEL is ", wanted, ", but this processor reaches only ", name_of(best));
      return level;
    }
  fail(GATUN_INVALID, "GATUN_CPU_LEVEL is \"", wanted, "\"; it can be v2, v3 or v4");
}

}  // namespace gatun
