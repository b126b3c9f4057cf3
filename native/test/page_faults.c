/* Once the library has opened a device, glibc's malloc keeps blocks that are freed, up to those that a large product of
 * fp32 packs into: oneDNN asks for them in each call, and each would fault its pages in anew. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "gatun.h"

enum { BLOCK = 24 << 20, PAGE = 4096, FEW = 100 };

static long page_faults_of_a_block(void) {
  struct rusage before, after;
  getrusage(RUSAGE_SELF, &before);
  volatile char* const block = malloc(BLOCK);
  if (!block) exit(1);
  for (int i = 0; i < BLOCK; i += PAGE) block[i] = 1;
  free((void*)block);
  getrusage(RUSAGE_SELF, &after);
  return after.ru_minflt - before.ru_minflt;
}

int main(void) {
#ifndef __GLIBC__
  return 77;
#endif
  prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* a huge page is one fault */
  gatun_device* device;
  if (gatun_device_open(&device, 0, 1)) {
    fprintf(stderr, "%s\n", gatun_last_error());
    return 1;
  }
  const long first = page_faults_of_a_block(), second = page_faults_of_a_block();
  gatun_device_close(device);
  if (first > FEW && second <= FEW) return 0;
  fprintf(stderr, "a block faults in %ld pages, and %ld when it is asked for again\n", first, second);
  return 1;
}
