// What the opaque handles of gatun.h are on a CUDA device.
#pragma once
#include <pthread.h>

#include <set>
#include <string>

#include "arena.h"
#include "stream.h"

struct gatun_device {
  pthread_t owner;
  int ordinal;
  gatun::DeviceLimits limits;
  std::string name, architecture;
  bool lost = false;
  gatun::ChunkPool pool{this};
  std::set<gatun_stream*> streams;
  std::set<gatun_event*> events;
  std::set<gatun_scope*> scopes;
  std::set<gatun_recording*> recordings;
  gatun_recording* recording = nullptr;  ///< that is being made
  std::set<void*> pinned;
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

/// As for its streams.
void check(gatun_device* device);

/// While it lives this thread may take and give memory, and wait, though its calls are captured: nothing that is
/// captured is waited for.
class BesideCapture {
 public:
  BesideCapture() { cudaThreadExchangeStreamCaptureMode(&mode_); }
  ~BesideCapture() { cudaThreadExchangeStreamCaptureMode(&mode_); }
  BesideCapture(const BesideCapture&) = delete;

 private:
  cudaStreamCaptureMode mode_ = cudaStreamCaptureModeRelaxed;
};

/// Refuses a stream of another library that belongs to another context than the device's primary one.
void admit(gatun_device* device, cudaStream_t foreign);

}  // namespace gatun
