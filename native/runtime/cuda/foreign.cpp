// Streams and memory of other libraries. Kernels run in the device's primary context, where those of another context
// mean nothing: a kernel that touched them would lose the device. So the driver is asked to which context they belong.
// The runtime has no such questions; the driver's functions are found through it, and nothing is linked.
#include "device.h"
#include "dlpack.h"
#include "status.h"

namespace gatun {
namespace {

using Context = void*;
using Result = int;

enum PointerAttribute : int { context_of_memory = 1, start_of_range = 11, size_of_range = 12 };

struct Driver {
  Result (*device)(int* device, int ordinal);
  Result (*retain_primary)(Context* context, int device);
  Result (*release_primary)(int device);
  Result (*stream_context)(cudaStream_t stream, Context* context);
  Result (*pointer_attribute)(void* value, PointerAttribute attribute, unsigned long long address);
};

template <class Function> void find(Function*& function, const char* name) {
  void* found = nullptr;
#if defined(CUDART_VERSION) && CUDART_VERSION < 12050
  const auto error = cudaGetDriverEntryPoint(name, &found, cudaEnableDefault);
#else
  // By the version: later ones give cuStreamGetCtx another argument.
  constexpr unsigned first_declared_here = 12000;
  const auto error = cudaGetDriverEntryPointByVersion(name, &found, first_declared_here, cudaEnableDefault);
#endif
  require_cuda(nullptr, error, "looking for the driver's functions");
  if (!found) fail(GATUN_UNSUPPORTED, "the CUDA driver has no ", name);
  function = reinterpret_cast<Function*>(found);
}

const Driver& driver() {
  static const Driver found = [] {
    Driver driver{};
    find(driver.device, "cuDeviceGet");
    find(driver.retain_primary, "cuDevicePrimaryCtxRetain");
    find(driver.release_primary, "cuDevicePrimaryCtxRelease");
    find(driver.stream_context, "cuStreamGetCtx");
    find(driver.pointer_attribute, "cuPointerGetAttribute");
    return driver;
  }();
  return found;
}

/// Not the thread's current context, which another library may have changed. The runtime holds the primary one as long
/// as the process lives, so what is retained here can be released at once.
Context primary_context(int ordinal) {
  int device = 0;
  Context primary = nullptr;
  Result result = driver().device(&device, ordinal);
  if (result == 0) result = driver().retain_primary(&primary, device);
  if (result == 0) result = driver().release_primary(device);
  if (result != 0) fail(GATUN_INTERNAL, "asking for the device's primary context: CUDA error ", result);
  return primary;
}

void require_primary(const gatun_device* device, Context context, const char* what) {
  require(context == primary_context(device->ordinal), what,
          " belongs to another CUDA context than the device's primary one; make it after cudaSetDevice, or after "
          "cuDevicePrimaryCtxRetain in the place of cuCtxCreate");
}

}  // namespace

void admit(gatun_device* device, cudaStream_t foreign) {
  Context context = nullptr;
  const Result result = driver().stream_context(foreign, &context);
  require(result == 0, "the stream to wrap is none that the CUDA driver knows (error ", result, ")");
  require_primary(device, context, "the stream to wrap");
}

void admit(gatun_device* device, const void* address, int64_t bytes) {
  cudaPointerAttributes memory{};
  require_cuda(device, cudaPointerGetAttributes(&memory, address), "asking whose memory an address is");
  const bool managed = memory.type == cudaMemoryTypeManaged;
  require(memory.type == cudaMemoryTypeDevice || managed,
          "the address is not one of device memory, which is all that kernels of a CUDA device are given");
  require(managed || memory.device == device->ordinal, "the memory is on CUDA device ", memory.device, ", not on ",
          device->ordinal);
  const auto at = reinterpret_cast<unsigned long long>(address);
  const auto tells = [at](void* value, PointerAttribute what) {
    return driver().pointer_attribute(value, what, at) == 0;
  };
  Context context = nullptr;
  // Memory of a pool belongs to no context; every context of its device may use it.
  if (tells(&context, context_of_memory) && context) require_primary(device, context, "the memory");
  unsigned long long start = 0;
  size_t length = 0;
  if (tells(&start, start_of_range) && tells(&length, size_of_range))
    require(static_cast<unsigned long long>(bytes) <= start + length - at, "the memory ends after ",
            start + length - at, " of ", bytes, " bytes");
}

dlpack::Device dlpack_device(const gatun_device* device) { return {dlpack::cuda, device->ordinal}; }

}  // namespace gatun
