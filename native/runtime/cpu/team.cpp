// libgomp makes a team of one thread as it makes any other, with memory, barriers and a system call or two: a
// microsecond, where small kernels take less. The linker sends the calls of our kernels here.
#include <omp.h>

extern "C" {

void __real_GOMP_parallel(void (*work)(void*), void* data, unsigned threads, unsigned flags);

/// `threads` of 0 is as many as the thread's next team has.
void __wrap_GOMP_parallel(void (*work)(void*), void* data, unsigned threads, unsigned flags) {
  const bool alone = threads == 1 || (threads == 0 && omp_get_max_threads() == 1);
  if (alone && !omp_in_parallel()) return work(data);
  __real_GOMP_parallel(work, data, threads, flags);
}
}
