// cuBLASLt by dlopen. Its header is not needed: what is used of it is declared here, by the values of CUDA 12 and 13.
//
// cuBLASLt stores columns. Rows of c are columns of its transpose, c^T = op(b)^T op(a)^T, and a matrix of rows read as
// one of columns is its own transpose already: so the factors change places and nothing else does.
// Trap: an algorithm that adds parts of a sum up in no fixed order. Only those are asked for that do not split `inner`
// or keep the parts in the workspace for a step of their own.
#include "matmul_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <optional>

#include "status.h"

namespace gatun {
namespace {

using Status = int32_t;
enum DataType : int32_t { float32 = 0, float64 = 1, bfloat16 = 14 };
enum ComputeType : int32_t { compute_float32 = 68, compute_float64 = 70 };
enum ProductAttribute : int32_t {
  pointer_mode = 2,
  transpose_a = 3,
  transpose_b = 4,
  epilogue = 7,
  bias_pointer = 8,
  epilogue_aux_pointer = 11,
  epilogue_aux_stride = 12
};
enum LayoutAttribute : int32_t { batch_count = 5, batch_stride = 6 };
enum PreferenceAttribute : int32_t {
  most_workspace_bytes = 1,
  reduction_schemes = 3,
  least_alignment_a = 5,
  least_alignment_b = 6,
  least_alignment_c = 7,
  least_alignment_d = 8
};
/// Bits of an epilogue; the default has a bit of its own.
enum Epilogue : uint32_t { plain = 1, add_bias = 4, apply_gelu = 32, keep_input = 128 };
/// Bits of a mask; an algorithm that does not split needs none.
enum ReductionScheme : uint32_t { parts_in_workspace = 2 };
enum PointerMode : int32_t { scalars_on_host = 0, scalars_on_device = 1 };

struct Heuristic {
  uint64_t algorithm[8];
  size_t workspace_bytes;
  Status status;
  float waves;
  int32_t reserved[4];
};

struct Functions {
  size_t (*version)();
  Status (*create)(void** handle);
  Status (*destroy)(void* handle);
  Status (*product_create)(void** product, ComputeType compute, DataType scale);
  Status (*product_destroy)(void* product);
  Status (*product_set)(void* product, ProductAttribute attribute, const void* value, size_t bytes);
  Status (*layout_create)(void** layout, DataType type, uint64_t rows, uint64_t cols, int64_t stride);
  Status (*layout_destroy)(void* layout);
  Status (*layout_set)(void* layout, LayoutAttribute attribute, const void* value, size_t bytes);
  Status (*preference_create)(void** preference);
  Status (*preference_destroy)(void* preference);
  Status (*preference_set)(void* preference, PreferenceAttribute attribute, const void* value, size_t bytes);
  Status (*heuristic)(void* handle, void* product, void* a, void* b, void* c, void* d, void* preference, int wanted,
                      Heuristic* found, int* count);
  Status (*multiply)(void* handle, void* product, const void* alpha, const void* a, void* layout_a, const void* b,
                     void* layout_b, const void* beta, const void* c, void* layout_c, void* d, void* layout_d,
                     const uint64_t* algorithm, void* workspace, size_t workspace_bytes, cudaStream_t stream);
};

struct Loaded {
  Functions call{};
  bool usable = false;
  bool named = false;       // by the caller or the environment
  std::string description;  // what it is, or why there is none
};

/// Empty, or what the file lacks.
std::string resolve(void* file, Functions& call) {
  std::string lacking;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(file, name));
    if (!function && lacking.empty()) lacking = name;
  };
  find(call.version, "cublasLtGetVersion");
  find(call.create, "cublasLtCreate");
  find(call.destroy, "cublasLtDestroy");
  find(call.product_create, "cublasLtMatmulDescCreate");
  find(call.product_destroy, "cublasLtMatmulDescDestroy");
  find(call.product_set, "cublasLtMatmulDescSetAttribute");
  find(call.layout_create, "cublasLtMatrixLayoutCreate");
  find(call.layout_destroy, "cublasLtMatrixLayoutDestroy");
  find(call.layout_set, "cublasLtMatrixLayoutSetAttribute");
  find(call.preference_create, "cublasLtMatmulPreferenceCreate");
  find(call.preference_destroy, "cublasLtMatmulPreferenceDestroy");
  find(call.preference_set, "cublasLtMatmulPreferenceSetAttribute");
  find(call.heuristic, "cublasLtMatmulAlgoGetHeuristic");
  find(call.multiply, "cublasLtMatmul");
  return lacking;
}

/// The file that the loader found under the name.
std::string file_of(const void* function, const std::string& name) {
  Dl_info file{};
  return dladdr(function, &file) && file.dli_fname ? file.dli_fname : name;
}

/// Which file is wanted, and who says so; empty where nobody does.
struct Wish {
  std::string file, by;
};

std::mutex choosing;
std::optional<std::string> chosen;
bool settled = false;

Wish wished() {
  const std::lock_guard lock(choosing);
  settled = true;
  if (chosen) return {*chosen, "the chosen file"};
  const char* const named = std::getenv("GATUN_CUBLASLT");
  return {named ? named : "", "GATUN_CUBLASLT"};
}

Loaded load() {
  const std::string own = "the library's own kernels: ";
  Loaded loaded;
  const auto wish = wished();
  if (wish.file == "none") {
    loaded.description = own + wish.by + " is none";
    return loaded;
  }
  loaded.named = !wish.file.empty();
  if (!loaded.named && std::string(gatun_backend_name()) == "emu") {
    loaded.description = own + "the emulator has no others";
    return loaded;
  }
  const auto names =
      loaded.named ? std::vector{wish.file} : std::vector<std::string>{"libcublasLt.so.13", "libcublasLt.so.12"};
  loaded.description = own + (loaded.named ? wish.by + " names " + wish.file + ", which cannot be loaded"
                                           : "no libcublasLt.so.13 or .12");
  for (const auto& name : names) {
    void* const file = dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (!file) continue;
    const auto lacking = resolve(file, loaded.call);
    loaded.usable = lacking.empty();
    if (!loaded.usable) {
      loaded.description = own + name + " lacks " + lacking;
      continue;
    }
    const auto version = loaded.call.version();
    loaded.description = "cuBLASLt " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) +
                         "." + std::to_string(version % 100) + " (" +
                         file_of(reinterpret_cast<const void*>(loaded.call.version), name) + ")";
    return loaded;
  }
  return loaded;
}

const Loaded& loaded() {
  static const Loaded once = load();
  return once;
}

void require_success(Status status, const char* doing) {
  if (status) fail(GATUN_INTERNAL, "cuBLASLt answered ", status, " while ", doing);
}

constexpr int64_t workspace_bytes = 32 << 20;

/// Of an address, as far as it matters.
uint32_t alignment(const void* address) {
  const auto bits = reinterpret_cast<uintptr_t>(address) | 256;
  return static_cast<uint32_t>(bits & -bits);
}

DataType type_of(gatun_dtype dtype) { return dtype == GATUN_F64 ? float64 : dtype == GATUN_BF16 ? bfloat16 : float32; }
DataType wide_type_of(gatun_dtype dtype) { return dtype == GATUN_F64 ? float64 : float32; }

uint32_t epilogue_of(const Product& p) {
  uint32_t bits = 0;
  if (p.bias) bits |= add_bias;
  if (p.gelu) bits |= apply_gelu;
  if (p.pre) bits |= keep_input;
  return bits ? bits : plain;
}

/// All that an algorithm may depend on.
std::vector<int64_t> key_of(const Product& p) {
  return {p.rows,
          p.cols,
          p.inner,
          p.ldc,
          p.lda,
          p.ldb,
          p.batch,
          p.apart_c,
          p.apart_a,
          p.apart_b,
          p.transpose_a | p.transpose_b << 1 | p.accumulate << 2 | p.wide << 3 | (p.alpha != nullptr) << 4,
          p.dtype,
          epilogue_of(p),
          alignment(p.a),
          alignment(p.b),
          alignment(p.c),
          alignment(p.bias),
          alignment(p.pre)};
}

template <class Value> void set(void* product, ProductAttribute attribute, Value value) {
  require_success(loaded().call.product_set(product, attribute, &value, sizeof value), "describing a product");
}
template <class Value> void set(void* preference, PreferenceAttribute attribute, Value value) {
  require_success(loaded().call.preference_set(preference, attribute, &value, sizeof value), "stating a preference");
}

/// `lines` of `width` elements, `stride` apart: columns of cuBLASLt.
void* layout_of(DataType type, int64_t lines, int64_t width, int64_t stride, int64_t batch, int64_t apart) {
  const auto& call = loaded().call;
  void* layout = nullptr;
  require_success(call.layout_create(&layout, type, static_cast<uint64_t>(width), static_cast<uint64_t>(lines), stride),
                  "describing a matrix");
  const auto count = static_cast<int32_t>(batch);
  require_success(call.layout_set(layout, batch_count, &count, sizeof count), "describing a batch");
  require_success(call.layout_set(layout, batch_stride, &apart, sizeof apart), "describing a batch");
  return layout;
}

void set_addresses(void* product, const Product& p) {
  if (p.bias) set(product, bias_pointer, p.bias);
  if (p.pre) set(product, epilogue_aux_pointer, p.pre);
}

}  // namespace

std::string matmul_library_description() { return loaded().description; }

std::unique_ptr<MatmulLibrary> MatmulLibrary::open(gatun_device* device, cudaStream_t stream) {
  require(loaded().usable || !loaded().named, loaded().description);
  if (!loaded().usable) return nullptr;
  void* handle = nullptr;
  require_success(loaded().call.create(&handle), "opening");
  std::unique_ptr<MatmulLibrary> library(new MatmulLibrary(device, handle));
  library->room_.at_least(workspace_bytes);
  // 0 and 1, as floats and as doubles: what c is multiplied with before the product is added.
  static const struct {
    float floats[2] = {0, 1};
    double doubles[2] = {0, 1};
  } scalars;
  require_cuda(device,
               cudaMemcpyAsync(library->scalars_.at_least(sizeof scalars), &scalars, sizeof scalars,
                               cudaMemcpyHostToDevice, stream),
               "opening cuBLASLt");
  return library;
}

MatmulLibrary::~MatmulLibrary() {
  const auto& call = loaded().call;
  for (const auto& [key, plan] : plans_) {
    call.product_destroy(plan.product);
    for (void* const layout : {plan.a, plan.b, plan.c}) call.layout_destroy(layout);
  }
  call.destroy(handle_);
}

bool MatmulLibrary::takes(const Product& p) {
  return p.inner > 0 && !p.slope && !p.column_sums && p.batch <= INT32_MAX && (!p.pre || p.gelu);
}

MatmulLibrary::Plan MatmulLibrary::planned(const Product& p) const {
  const auto& call = loaded().call;
  const auto type = type_of(p.dtype), wide = wide_type_of(p.dtype);
  Plan plan{};
  require_success(call.product_create(&plan.product, p.dtype == GATUN_F64 ? compute_float64 : compute_float32, wide),
                  "describing a product");
  set(plan.product, transpose_a, int32_t{p.transpose_b});
  set(plan.product, transpose_b, int32_t{p.transpose_a});
  set(plan.product, pointer_mode, p.alpha ? scalars_on_device : scalars_on_host);
  set(plan.product, epilogue, epilogue_of(p));
  if (p.pre) set(plan.product, epilogue_aux_stride, p.ldc);
  set_addresses(plan.product, p);
  plan.a =
      layout_of(type, p.transpose_b ? p.cols : p.inner, p.transpose_b ? p.inner : p.cols, p.ldb, p.batch, p.apart_b);
  plan.b =
      layout_of(type, p.transpose_a ? p.inner : p.rows, p.transpose_a ? p.rows : p.inner, p.lda, p.batch, p.apart_a);
  plan.c = layout_of(p.wide ? wide : type, p.rows, p.cols, p.ldc, p.batch, p.apart_c);

  void* preference = nullptr;
  require_success(call.preference_create(&preference), "stating a preference");
  set(preference, most_workspace_bytes, uint64_t{workspace_bytes});
  set(preference, reduction_schemes, parts_in_workspace);
  set(preference, least_alignment_a, alignment(p.b));
  set(preference, least_alignment_b, alignment(p.a));
  set(preference, least_alignment_c, alignment(p.c));
  set(preference, least_alignment_d, alignment(p.c));
  Heuristic best{};
  int count = 0;
  // An error is an answer too: that the library knows no way.
  const auto status =
      call.heuristic(handle_, plan.product, plan.a, plan.b, plan.c, plan.c, preference, 1, &best, &count);
  call.preference_destroy(preference);
  plan.found = status == 0 && count == 1 && best.status == 0;
  std::copy_n(best.algorithm, 8, plan.algorithm);
  return plan;
}

bool MatmulLibrary::multiply(gatun_stream& stream, const Product& p) {
  const auto key = key_of(p);
  auto known = plans_.find(key);
  if (known == plans_.end()) known = plans_.emplace(key, planned(p)).first;
  const auto& plan = known->second;
  if (!plan.found) return false;
  if (stream.planned) return true;
  set_addresses(plan.product, p);
  static constexpr float floats[2] = {0, 1};
  static constexpr double doubles[2] = {0, 1};
  const bool is_double = p.dtype == GATUN_F64;
  const char* const zero = p.alpha     ? scalars_.start() + (is_double ? sizeof floats : 0)
                           : is_double ? reinterpret_cast<const char*>(doubles)
                                       : reinterpret_cast<const char*>(floats);
  const char* const one = zero + (is_double ? sizeof(double) : sizeof(float));
  require_success(loaded().call.multiply(handle_, plan.product, p.alpha ? p.alpha : one, p.b, plan.a, p.a, plan.b,
                                         p.accumulate ? one : zero, p.c, plan.c, p.c, plan.c, plan.algorithm,
                                         room_.start(), workspace_bytes, stream.handle),
                  "multiplying");
  return true;
}

}  // namespace gatun

gatun_status gatun_choose_cublaslt(const char* file) {
  return gatun::guarded([&] {
    gatun::require(file && *file, "the file is not named");
    const std::lock_guard lock(gatun::choosing);
    gatun::require(!gatun::settled, "products are settled already: a file is chosen before the first stream is opened");
    gatun::chosen = file;
  });
}
