// Where the CUDA device's chunks come from, and copies.
#include "device.h"
#include "places.h"
#include "recording.h"
#include "status.h"

using gatun::check;
using gatun::guarded;
using gatun::require;
using gatun::require_cuda;

namespace gatun {

const int64_t smallest_chunk_bytes = 32 << 20;

MemoryLeft memory_left(gatun_device* device) {
  size_t free = 0, total = 0;
  require_cuda(device, cudaMemGetInfo(&free, &total), "asking how much memory is free");
  return {static_cast<int64_t>(free), static_cast<int64_t>(total)};
}

char* take_from_system(gatun_device* device, int64_t bytes) {
  const BesideCapture beside;
  void* start = nullptr;
  if (const auto error = cudaMalloc(&start, static_cast<size_t>(bytes)); error != cudaSuccess) {
    cudaGetLastError();
    if (error != cudaErrorMemoryAllocation) require_cuda(device, error, "taking device memory");
    return nullptr;
  }
  return static_cast<char*>(start);
}

void give_to_system(Chunk chunk) {
  const BesideCapture beside;
  cudaFree(chunk.start);
}

void order_streams(gatun_device* device) {
  if (device->lost || device->streams.size() < 2) return;
  // Events of a stream whose calls are kept would be kept too. What it was asked before, its event is behind already.
  const auto* const kept = kept_stream(*device);
  for (auto* stream : device->streams)
    if (stream != kept) require_cuda(device, cudaEventRecord(stream->asked, stream->handle), "ordering streams");
  for (auto* later : device->streams)
    for (auto* earlier : device->streams)
      if (later != earlier && later != kept)
        require_cuda(device, cudaStreamWaitEvent(later->handle, earlier->asked, 0), "ordering streams");
}

void finish_streams(gatun_device* device) {
  if (device->lost) return;
  const BesideCapture beside;
  const auto* const kept = kept_stream(*device);
  for (auto* stream : device->streams)
    require_cuda(device, stream == kept ? cudaEventSynchronize(stream->asked) : cudaStreamSynchronize(stream->handle),
                 "waiting for the streams");
}

void* take_pinned(gatun_device* device, int64_t bytes) {
  const BesideCapture beside;
  void* address = nullptr;
  if (const auto error = cudaHostAlloc(&address, static_cast<size_t>(bytes), cudaHostAllocDefault);
      error != cudaSuccess) {
    cudaGetLastError();
    if (error != cudaErrorMemoryAllocation) require_cuda(device, error, "pinning memory");
    return nullptr;
  }
  return address;
}

void give_pinned(void* address) {
  const BesideCapture beside;
  cudaFreeHost(address);
}

namespace {

void copy(gatun_stream* stream, void* to, Argument from, int64_t bytes, cudaMemcpyKind kind) {
  check(stream);
  require_places(to, from.address, bytes);
  if (is_noted(*stream)) note_call(*stream, "gatun_copy", {Argument(to), from, Argument(bytes)});
  if (bytes && !stream->planned)
    require_cuda(stream->device, cudaMemcpyAsync(to, from.address, static_cast<size_t>(bytes), kind, stream->handle),
                 "copying");
}

}  // namespace
}  // namespace gatun

gatun_status gatun_copy(gatun_stream* stream, void* to, const void* from, int64_t bytes) {
  return guarded([&] {
    gatun::require_apart(to, from, bytes);
    gatun::copy(stream, to, gatun::Argument(from), bytes, cudaMemcpyDeviceToDevice);
  });
}

gatun_status gatun_copy_to_device(gatun_stream* stream, void* device_address, const void* host_address, int64_t bytes) {
  return guarded([&] {
    check(stream);
    gatun::require_places(device_address, host_address, bytes);
    const auto source = gatun::source_of(*stream, host_address, bytes);
    gatun::copy(stream, device_address, gatun::Argument::input(source.address), bytes,
                source.is_on_device ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice);
  });
}

gatun_status gatun_copy_to_host(gatun_stream* stream, void* host_address, const void* device_address, int64_t bytes) {
  const auto status = guarded([&] {
    check(stream);
    gatun::require_running(*stream, "a copy to the host");
    gatun::copy(stream, host_address, gatun::Argument(device_address), bytes, cudaMemcpyDeviceToHost);
  });
  return status == GATUN_DONE ? gatun_stream_join(stream) : status;
}
