// Opening, describing and closing a CUDA device and its streams.
#include "device.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <sstream>

#include "matmul_library.h"
#include "recording.h"
#include "status.h"

using gatun::check;
using gatun::fail;
using gatun::guarded;
using gatun::require;
using gatun::require_cuda;

namespace gatun {
namespace {

/// Errors after which a device answers only with the same error, until its process ends.
bool is_final(cudaError_t error) {
  switch (error) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorMisalignedAddress:
    case cudaErrorIllegalInstruction:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorHardwareStackError:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable:
    case cudaErrorLaunchTimeout:
      return true;
    default:
      return false;
  }
}

}  // namespace

void require_owner(const gatun_device* device) {
  require(pthread_equal(device->owner, pthread_self()),
          "the device belongs to the thread that opened it; this is another one");
}

void require_cuda(gatun_device* device, cudaError_t error, const char* doing) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // or the next launch would answer with it again
  if (is_final(error)) {
    if (device) device->lost = true;
    fail(GATUN_DEVICE_LOST, "the CUDA device was lost while ", doing, ": ", cudaGetErrorString(error));
  }
  if (error == cudaErrorMemoryAllocation) fail(GATUN_OUT_OF_MEMORY, doing, ": ", cudaGetErrorString(error));
  fail(GATUN_INTERNAL, doing, ": ", cudaGetErrorString(error));
}

void check(gatun_device* device) {
  require(device != nullptr, "the device is null");
  require_owner(device);
  if (device->lost) fail(GATUN_DEVICE_LOST, "the CUDA device was lost; only closing it is left");
  require_cuda(device, cudaSetDevice(device->ordinal), "choosing the device");
}

void check(gatun_stream* stream) {
  require(stream != nullptr, "the stream is null");
  check(stream->device);
}

char* Workspace::at_least(int64_t bytes) {
  if (bytes > bytes_) {
    if (kept_stream(*device_)) fail(GATUN_INTERNAL, "planning a call has not made its workspace ready");
    constexpr int64_t unit = 1 << 20;
    const int64_t wanted = std::max(bytes, 2 * bytes_), rounded = (wanted + unit - 1) / unit * unit;
    char* const start = take_from_system(device_, rounded);
    if (!start) out_of_memory(rounded, memory_left(device_));
    if (start_) {
      auto* const before = new Workspace(device_);
      std::swap(before->start_, start_);
      std::swap(before->bytes_, bytes_);
      before->outgrown_ = outgrown_;
      outgrown_ = before;
    }
    start_ = start;
    bytes_ = rounded;
  }
  return start_;
}

void Workspace::release() {
  if (start_) give_to_system({start_, bytes_});
  delete outgrown_;
  start_ = nullptr;
  bytes_ = 0;
  outgrown_ = nullptr;
}

namespace {

[[noreturn]] void no_device(cudaError_t error) {
  cudaGetLastError();
  fail(GATUN_NO_DEVICE, "no CUDA device can be used here: ", cudaGetErrorString(error));
}

int attribute(int ordinal, cudaDeviceAttr which) {
  int value = 0;
  require_cuda(nullptr, cudaDeviceGetAttribute(&value, which, ordinal), "reading the device's attributes");
  return value;
}

std::unique_ptr<gatun_device> opened(int32_t ordinal) {
  int count = 0;
  if (const auto error = cudaGetDeviceCount(&count); error != cudaSuccess) no_device(error);
  if (count == 0) no_device(cudaErrorNoDevice);
  require(ordinal >= 0 && ordinal < count, "CUDA device ", ordinal, " does not exist; there are ", count);
  if (const auto error = cudaSetDevice(ordinal); error != cudaSuccess) no_device(error);
  cudaDeviceProp properties;
  require_cuda(nullptr, cudaGetDeviceProperties(&properties, ordinal), "reading the device's properties");
  const std::string architecture = std::to_string(properties.major) + "." + std::to_string(properties.minor);
  constexpr int oldest = 8;
  if (properties.major < oldest)
    fail(GATUN_NO_DEVICE, properties.name, " has compute capability ", architecture, "; 8.0 or newer is needed");
  auto device = std::make_unique<gatun_device>();
  device->owner = pthread_self();
  device->ordinal = ordinal;
  device->limits.processors = attribute(ordinal, cudaDevAttrMultiProcessorCount);
  device->limits.shared_bytes = attribute(ordinal, cudaDevAttrMaxSharedMemoryPerBlockOptin);
  device->name = properties.name;
  device->architecture = architecture;
  return device;
}

std::string describe(gatun_device& device) {
  const auto memory = memory_left(&device);
  int driver = 0, runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  const auto version = [](int number) {
    return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
  };
  std::ostringstream text;
  text << "backend: " << gatun_backend_name() << "\ndevice: " << device.name
       << "\ncompute capability: " << device.architecture << "\nmultiprocessors: " << device.limits.processors
       << "\nmemory free: " << (memory.free_bytes >> 20) << " MiB\nmemory total: " << (memory.total_bytes >> 20)
       << " MiB\nCUDA driver: " << version(driver) << "\nCUDA runtime: " << version(runtime)
       << "\nmatrix products: " << matmul_library_description() << "\n";
  return text.str();
}

constexpr const char* opening_a_stream = "opening a stream";

/// What kernels on a stream need beside it.
void equip(gatun_stream& stream) {
  const auto require_opened = [&](cudaError_t error) { require_cuda(stream.device, error, opening_a_stream); };
  require_opened(cudaHostAlloc(reinterpret_cast<void**>(&stream.complaint), sizeof(Complaint), cudaHostAllocMapped));
  stream.complaint->made = 0;
  require_opened(cudaEventCreateWithFlags(&stream.asked, cudaEventDisableTiming));
  stream.library = MatmulLibrary::open(stream.device, stream.handle).release();
}

}  // namespace
}  // namespace gatun

gatun_stream::gatun_stream(gatun_device* device) : device(device), limits(device->limits), workspace(device) {}

/// Also of one that was opened half.
gatun_stream::~gatun_stream() {
  if (handle) cudaStreamSynchronize(handle);
  delete library;
  workspace.release();
  if (asked) cudaEventDestroy(asked);
  if (handle && !foreign) cudaStreamDestroy(handle);
  if (complaint) cudaFreeHost(complaint);
}

gatun_status gatun_device_open(gatun_device** device, int32_t ordinal, int32_t threads) {
  return guarded([&] {
    require(device != nullptr, "the address for the device is null");
    require(threads >= 0, "threads is ", threads, "; it must be positive, or 0 for all");
    *device = gatun::opened(ordinal).release();
  });
}

gatun_status gatun_device_close(gatun_device* device) {
  return guarded([&] {
    if (!device) return;
    gatun::require_owner(device);
    cudaSetDevice(device->ordinal);
    for (auto* stream : device->streams) delete stream;
    for (auto* event : device->events) delete event;
    for (auto* address : device->pinned) gatun::give_pinned(address);
    for (auto* scope : device->scopes) delete scope;
    for (auto* recording : device->recordings) delete recording;
    delete device;
  });
}

gatun_status gatun_device_describe(gatun_device* device, char* text, int64_t capacity_bytes) {
  return guarded([&] {
    check(device);
    require(text != nullptr && capacity_bytes > 0, "there is no room for the description");
    const auto description = gatun::describe(*device);
    const auto length = std::min<int64_t>(static_cast<int64_t>(description.size()), capacity_bytes - 1);
    std::memcpy(text, description.data(), static_cast<size_t>(length));
    text[length] = 0;
  });
}

gatun_status gatun_stream_open(gatun_device* device, gatun_stream** stream) {
  return guarded([&] {
    check(device);
    require(stream != nullptr, "the address for the stream is null");
    gatun::require_no_recording(*device, "to open a stream");
    auto opened = std::make_unique<gatun_stream>(device);
    require_cuda(device, cudaStreamCreateWithFlags(&opened->handle, cudaStreamNonBlocking), gatun::opening_a_stream);
    gatun::equip(*opened);
    device->streams.insert(opened.get());
    *stream = opened.release();
  });
}

gatun_status gatun_stream_wrap(gatun_device* device, gatun_stream** stream, void* foreign) {
  return guarded([&] {
    check(device);
    require(stream != nullptr, "the address for the stream is null");
    gatun::require_no_recording(*device, "to wrap a stream");
    auto wrapped = std::make_unique<gatun_stream>(device);
    wrapped->foreign = true;
    // The null stream under a name of its own: a null handle is that of a stream not yet opened.
    const auto handle = foreign ? static_cast<cudaStream_t>(foreign) : cudaStreamLegacy;
    gatun::admit(device, handle);
    wrapped->handle = handle;
    gatun::equip(*wrapped);
    device->streams.insert(wrapped.get());
    *stream = wrapped.release();
  });
}

gatun_status gatun_stream_close(gatun_stream* stream) {
  return guarded([&] {
    if (!stream) return;
    gatun::require_owner(stream->device);
    gatun::require_unrecorded(stream);
    cudaSetDevice(stream->device->ordinal);
    stream->device->streams.erase(stream);
    delete stream;
  });
}

gatun_status gatun_stream_join(gatun_stream* stream) {
  return guarded([&] {
    check(stream);
    gatun::require_running(*stream, "to wait for it");
    require_cuda(stream->device, cudaStreamSynchronize(stream->handle), "waiting for the stream");
    if (!stream->complaint->made) return;
    stream->complaint->made = 0;
    gatun::refuse_value(stream->complaint->found);
  });
}
