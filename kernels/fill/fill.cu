// x[i] = value. Bound by memory: writes n.
#include "loops.cuh"

namespace gatun {
namespace {

template <class W> struct Constant {
  W value;
  GATUN_DEVICE W operator()() const { return value; }
};

}  // namespace

void fill(gatun_stream& stream, void* x, int64_t n, double value, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    loops::map<T, 0>(stream, (T*)x, {}, n, true, Constant<Wide<T>>{Wide<T>(value)});
  });
}

}  // namespace gatun
