// The same program over the emulator.
#include "fragments.cu"
