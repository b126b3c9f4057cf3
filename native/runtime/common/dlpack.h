// The structs of DLPack 1, by which libraries hand arrays to each other, as its specification lays them out.
#pragma once
#include <cstdint>

#include "gatun.h"

namespace gatun {
namespace dlpack {

enum DeviceType : int32_t { cpu = 1, cuda = 2 };

struct Device {
  int32_t type;
  int32_t ordinal;
};

struct DataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};

struct Tensor {
  void* data;
  Device device;
  int32_t rank;
  DataType type;
  int64_t* sizes;
  int64_t* strides;      // counted in elements; null for row-major order
  uint64_t byte_offset;  // of the first element from `data`
};

/// DLManagedTensor.
struct Managed {
  Tensor tensor;
  void* owner;
  void (*deleter)(Managed* self);  // null where nothing is to be done
};

struct Version {
  uint32_t major, minor;
};

constexpr uint64_t read_only = 1;

/// DLManagedTensorVersioned. Whatever the version, the deleter stands here.
struct ManagedVersioned {
  Version version;
  void* owner;
  void (*deleter)(ManagedVersioned* self);
  uint64_t flags;
  Tensor tensor;
};

}  // namespace dlpack

/// Provided by the backend.
dlpack::Device dlpack_device(const gatun_device* device);

}  // namespace gatun
