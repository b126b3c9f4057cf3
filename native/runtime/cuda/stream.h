// What doors and launches see of a stream on a CUDA device: every kernel's source includes this, so it includes next to
// nothing.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "gatun.h"
#include "range.h"

namespace gatun {

/// Where a kernel that checks integers leaves the first it must refuse; in host memory that the device can write. The
/// stream's next join reports it.
struct Complaint {
  int32_t made;
  OutOfRange found;
};

/// Device memory that kernels of one stream use between two of their launches: partial sums, converted factors. It
/// grows to the largest need, twofold at least, and is never shared by two streams. What it has outgrown stays until
/// the stream is closed: launches that were asked for before, recorded ones too, still use it.
class Workspace {
 public:
  explicit Workspace(gatun_device* device) : device_(device) {}
  ~Workspace() { release(); }
  char* at_least(int64_t bytes);
  char* start() const { return start_; }
  void release();

 private:
  gatun_device* device_;
  char* start_ = nullptr;
  int64_t bytes_ = 0;
  Workspace* outgrown_ = nullptr;
};

/// What launches are cut to.
struct DeviceLimits {
  int processors = 0;        // streaming multiprocessors
  int64_t shared_bytes = 0;  // that a block may ask for
};

class MatmulLibrary;

}  // namespace gatun

struct gatun_stream {
  gatun_device* device;
  const gatun::DeviceLimits& limits;
  cudaStream_t handle = nullptr;
  cudaEvent_t asked = nullptr;  // behind all that it was asked to do
  gatun::Complaint* complaint = nullptr;
  gatun::Workspace workspace;
  gatun::MatmulLibrary* library = nullptr;  // its own; null where there is none
  bool foreign = false;                     // another library's, which closes it
  bool planned = false;                     // nothing runs, but what running takes is made ready
  explicit gatun_stream(gatun_device* device);
  gatun_stream(const gatun_stream&) = delete;
  ~gatun_stream();
};

namespace gatun {

/// Refuses a null handle, calls from a thread that does not own the device, and a device that was lost. Makes the
/// device the thread's current one.
void check(gatun_stream* stream);

/// Turns an error of the CUDA runtime into a failure; one that leaves the device unusable marks it as lost.
void require_cuda(gatun_device* device, cudaError_t error, const char* doing);

}  // namespace gatun
