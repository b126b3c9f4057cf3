// cuBLASLt, where the machine has one: found at run time, since this library may not need it.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "products.h"

namespace gatun {

/// For people: name and version, or why the library's own kernels run.
std::string matmul_library_description();

/// cuBLASLt's side of one stream: a handle, a workspace that nothing else uses, and for each shape of product that was
/// met the algorithm that runs it, chosen once.
class MatmulLibrary {
 public:
  /// Null where there is none. Refuses a file that the environment names and that cannot be loaded.
  static std::unique_ptr<MatmulLibrary> open(gatun_device* device, cudaStream_t stream);
  ~MatmulLibrary();

  /// Memory for a bias in the type that the library reads.
  void* room_for_bias(int64_t bytes) { return bias_.at_least(bytes); }

  /// Whether this kind of product is worth asking for.
  static bool takes(const Product& product);
  /// False where the library has no algorithm for it; the bias is of the type of c.
  bool multiply(gatun_stream& stream, const Product& product);

 private:
  /// Opaque handles, and the algorithm in words of the library's own; not found where it has none.
  struct Plan {
    void *product, *a, *b, *c;
    uint64_t algorithm[8];
    bool found;
  };

  MatmulLibrary(gatun_device* device, void* handle) : handle_(handle), room_(device), bias_(device), scalars_(device) {}
  Plan planned(const Product& product) const;

  void* handle_;
  Workspace room_, bias_, scalars_;
  std::map<std::vector<int64_t>, Plan> plans_;
};

}  // namespace gatun
