// A stand-in for cuBLASLt over the emulator's memory: the functions that the library calls, written from cuBLASLt's
// documentation in plain loops. It shows that products are described as they are meant; a real cuBLASLt is not shown.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>

namespace {

enum Status : int32_t { success = 0, invalid_value = 7, not_supported = 15 };
enum DataType : int32_t { real_32 = 0, real_64 = 1, real_16b = 14 };
enum Epilogue : uint32_t { by_default = 1, bias = 4, gelu = 32, auxiliary = 128 };

/// Numbered attributes, each as many bytes as it was set with.
struct Attributes {
  std::map<int32_t, uint64_t> values;
  int32_t set(int32_t attribute, const void* value, size_t bytes) {
    if (!value || bytes > sizeof(uint64_t)) return invalid_value;
    uint64_t whole = 0;
    std::memcpy(&whole, value, bytes);
    values[attribute] = whole;
    return success;
  }
  uint64_t operator[](int32_t attribute) const {
    const auto found = values.find(attribute);
    return found == values.end() ? 0 : found->second;
  }
  template <class T> T* pointer(int32_t attribute) const { return reinterpret_cast<T*>((*this)[attribute]); }
};

struct Product : Attributes {
  int32_t compute, scale;
  bool transposes_a() const { return (*this)[3]; }
  bool transposes_b() const { return (*this)[4]; }
  uint32_t epilogue() const { return static_cast<uint32_t>((*this)[7]); }
};

/// A matrix of columns.
struct Layout : Attributes {
  int32_t type;
  int64_t rows, columns, stride;
  int64_t batch() const { return static_cast<int64_t>((*this)[5]); }
  int64_t apart() const { return static_cast<int64_t>((*this)[6]); }
  int64_t at(int64_t row, int64_t column, int64_t matrix) const { return matrix * apart() + column * stride + row; }
};

struct Heuristic {
  uint64_t algorithm[8];
  size_t workspace_bytes;
  int32_t status;
  float waves;
  int32_t reserved[4];
};

constexpr uint64_t the_algorithm = 0x5eed;
int64_t products = 0;

double get(const void* matrix, int32_t type, int64_t i) {
  if (type == real_64) return static_cast<const double*>(matrix)[i];
  if (type == real_32) return static_cast<const float*>(matrix)[i];
  const uint32_t bits = uint32_t{static_cast<const uint16_t*>(matrix)[i]} << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

void put(void* matrix, int32_t type, int64_t i, double value) {
  if (type == real_64) {
    static_cast<double*>(matrix)[i] = value;
    return;
  }
  const auto narrow = static_cast<float>(value);
  if (type == real_32) {
    static_cast<float*>(matrix)[i] = narrow;
    return;
  }
  uint32_t bits;
  std::memcpy(&bits, &narrow, 4);
  static_cast<uint16_t*>(matrix)[i] = static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

double gelu_of(double x) { return x / 2 * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))); }

/// Shapes that fit, in the types that go together.
bool fits(const Product& p, const Layout& a, const Layout& b, const Layout& c) {
  const int64_t inner = p.transposes_a() ? a.rows : a.columns;
  const bool shapes = (p.transposes_a() ? a.columns : a.rows) == c.rows &&
                      (p.transposes_b() ? b.rows : b.columns) == c.columns &&
                      (p.transposes_b() ? b.columns : b.rows) == inner;
  const bool strides = a.stride >= a.rows && b.stride >= b.rows && c.stride >= c.rows;
  const bool types = a.type == b.type && (c.type == a.type || (a.type == real_16b && c.type == real_32)) &&
                     p.scale == (a.type == real_64 ? real_64 : real_32) && p.compute == (a.type == real_64 ? 70 : 68);
  return shapes && strides && types && a.batch() == c.batch() && b.batch() == c.batch();
}

}  // namespace

#define STAND_IN extern "C" __attribute__((visibility("default")))

/// How many products it has multiplied.
STAND_IN int64_t stand_in_products() { return products; }

STAND_IN size_t cublasLtGetVersion() { return 130999; }
STAND_IN int32_t cublasLtCreate(void** handle) {
  *handle = new int;
  return success;
}
STAND_IN int32_t cublasLtDestroy(void* handle) {
  delete static_cast<int*>(handle);
  return success;
}
STAND_IN int32_t cublasLtMatmulDescCreate(void** product, int32_t compute, int32_t scale) {
  *product = new Product{{}, compute, scale};
  return success;
}
STAND_IN int32_t cublasLtMatmulDescDestroy(void* product) {
  delete static_cast<Product*>(product);
  return success;
}
STAND_IN int32_t cublasLtMatmulDescSetAttribute(void* product, int32_t attribute, const void* value, size_t bytes) {
  return static_cast<Product*>(product)->set(attribute, value, bytes);
}
STAND_IN int32_t cublasLtMatrixLayoutCreate(void** layout, int32_t type, uint64_t rows, uint64_t columns,
                                            int64_t stride) {
  *layout = new Layout{{}, type, static_cast<int64_t>(rows), static_cast<int64_t>(columns), stride};
  return success;
}
STAND_IN int32_t cublasLtMatrixLayoutDestroy(void* layout) {
  delete static_cast<Layout*>(layout);
  return success;
}
STAND_IN int32_t cublasLtMatrixLayoutSetAttribute(void* layout, int32_t attribute, const void* value, size_t bytes) {
  return static_cast<Layout*>(layout)->set(attribute, value, bytes);
}
STAND_IN int32_t cublasLtMatmulPreferenceCreate(void** preference) {
  *preference = new Attributes;
  return success;
}
STAND_IN int32_t cublasLtMatmulPreferenceDestroy(void* preference) {
  delete static_cast<Attributes*>(preference);
  return success;
}
STAND_IN int32_t cublasLtMatmulPreferenceSetAttribute(void* preference, int32_t attribute, const void* value,
                                                      size_t bytes) {
  return static_cast<Attributes*>(preference)->set(attribute, value, bytes);
}

/// It knows no GELU in fp64, so that somebody must.
STAND_IN int32_t cublasLtMatmulAlgoGetHeuristic(void*, void* product, void* a, void* b, void* c, void* d, void*, int,
                                                Heuristic* found, int* count) {
  const auto& p = *static_cast<Product*>(product);
  const auto& left = *static_cast<Layout*>(a);
  *count = 0;
  if (!fits(p, left, *static_cast<Layout*>(b), *static_cast<Layout*>(d)) || c != d) return invalid_value;
  if (left.type == real_64 && p.epilogue() != by_default) return not_supported;
  *found = {{the_algorithm}, 0, success, 1, {}};
  *count = 1;
  return success;
}

STAND_IN int32_t cublasLtMatmul(void*, void* product, const void* alpha, const void* a, void* layout_a, const void* b,
                                void* layout_b, const void* beta, const void* c, void* layout_c, void* d,
                                void* layout_d, const uint64_t* algorithm, void* workspace, size_t workspace_bytes,
                                void*) {
  const auto& p = *static_cast<Product*>(product);
  const auto& la = *static_cast<Layout*>(layout_a);
  const auto& lb = *static_cast<Layout*>(layout_b);
  const auto& ld = *static_cast<Layout*>(layout_d);
  if (*algorithm != the_algorithm || layout_c != layout_d || !fits(p, la, lb, ld)) return invalid_value;
  if (!workspace || !workspace_bytes) return invalid_value;
  products++;
  const double scale = get(alpha, p.scale, 0), keep = get(beta, p.scale, 0);
  const int64_t inner = p.transposes_a() ? la.rows : la.columns;
  for (int64_t matrix = 0; matrix < ld.batch(); matrix++)
    for (int64_t column = 0; column < ld.columns; column++)
      for (int64_t row = 0; row < ld.rows; row++) {
        double sum = 0;
        for (int64_t k = 0; k < inner; k++)
          sum += get(a, la.type, p.transposes_a() ? la.at(k, row, matrix) : la.at(row, k, matrix)) *
                 get(b, lb.type, p.transposes_b() ? lb.at(column, k, matrix) : lb.at(k, column, matrix));
        const int64_t at = ld.at(row, column, matrix);
        double value = scale * sum;
        if (keep != 0) value += keep * get(c, ld.type, at);
        if (p.epilogue() & bias) value += get(p.pointer<const void>(8), ld.type, row);
        if (p.epilogue() & auxiliary)
          put(p.pointer<void>(11), ld.type, column * static_cast<int64_t>(p[12]) + row, value);
        put(d, ld.type, at, p.epilogue() & gelu ? gelu_of(value) : value);
      }
  return success;
}
