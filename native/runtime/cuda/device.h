// What the opaque handles of gatun.h are on a CUDA device.
#pragma once
#include <cuda_runtime.h>
#include <pthread.h>

#include <memory>
#include <set>
#include <string>

#include "arena.h"
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
/// grows to the largest need and is never shared by two streams.
class Workspace {
 public:
  explicit Workspace(gatun_device* device) : device_(device) {}
  ~Workspace() { release(); }
  char* at_least(int64_t bytes, cudaStream_t stream);
  char* start() const { return start_; }
  void release();

 private:
  gatun_device* device_;
  char* start_ = nullptr;
  int64_t bytes_ = 0;
};

class MatmulLibrary;

}  // namespace gatun

struct gatun_device {
  pthread_t owner;
  int ordinal;
  int processors;        // streaming multiprocessors
  int64_t shared_bytes;  // that a block may ask for
  std::string name, architecture;
  bool lost = false;
  gatun::ChunkPool pool{this};
  std::set<gatun_stream*> streams;
  std::set<gatun_event*> events;
  std::set<gatun_scope*> scopes;
  std::set<void*> pinned;
};

struct gatun_stream {
  gatun_device* device;
  cudaStream_t handle = nullptr;
  cudaEvent_t asked = nullptr;  // behind all that it was asked to do
  gatun::Complaint* complaint = nullptr;
  gatun::Workspace workspace;
  std::unique_ptr<gatun::MatmulLibrary> library;  // null where there is none
  bool foreign = false;                           // another library's, which closes it
  explicit gatun_stream(gatun_device* device);
  ~gatun_stream();
};

struct gatun_event {
  gatun_device* device;
  cudaEvent_t handle = nullptr;
  bool recorded = false;
  ~gatun_event() {
    if (handle) cudaEventDestroy(handle);
  }
};

namespace gatun {

/// Refuses null handles, calls from a thread that does not own the device, and a device that was lost. Makes the device
/// the thread's current one.
void check(gatun_device* device);
void check(gatun_stream* stream);

/// Refuses a stream of another library that belongs to another context than the device's primary one.
void admit(gatun_device* device, cudaStream_t foreign);

/// Turns an error of the CUDA runtime into a failure; one that leaves the device unusable marks it as lost.
void require_cuda(gatun_device* device, cudaError_t error, const char* doing);

}  // namespace gatun
