/* Where there is no driver, the CUDA library loads all the same and says that there is no device.
 *   no_device <libgatun_cuda.so> */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "gatun.h"

enum { SKIPPED = 77 };

/** A function of the library; the copy is how C turns an address into one. */
#define FIND(library, function)                  \
  do {                                           \
    void* found = dlsym(library, #function);     \
    memcpy(&function, &found, sizeof(function)); \
  } while (0)

int main(int count, char** arguments) {
  void* library = count == 2 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!library) {
    printf("cannot load: %s\n", dlerror());
    return 1;
  }
  gatun_status (*gatun_device_open)(gatun_device**, int32_t, int32_t) = NULL;
  const char* (*gatun_last_error)(void) = NULL;
  FIND(library, gatun_device_open);
  FIND(library, gatun_last_error);
  gatun_device* device = NULL;
  const gatun_status status = gatun_device_open(&device, 0, 0);
  if (status == GATUN_DONE) {
    printf("skipped: there is a device\n");
    return SKIPPED;
  }
  printf("%s\n", gatun_last_error());
  return status == GATUN_NO_DEVICE && strstr(gatun_last_error(), "no CUDA device") ? 0 : 1;
}
