// Which x86-64 instruction set the kernels run with. Kernel bodies are compiled once per level, each in a namespace of
// its own; the level is chosen when a device is opened.
#pragma once

namespace gatun {

enum class Level { v2, v3, v4 };

/// The best level of this machine, or the lower one that GATUN_CPU_LEVEL names. Fails with GATUN_NO_DEVICE below v2 and
/// with GATUN_INVALID for a name that is unknown or above the machine.
Level choose_level();
const char* name_of(Level level);

/// One function in its three builds.
template <class Function> struct Leveled {
  Function *v2, *v3, *v4;
  Function* at(Level level) const { return level == Level::v4 ? v4 : level == Level::v3 ? v3 : v2; }
};

}  // namespace gatun
