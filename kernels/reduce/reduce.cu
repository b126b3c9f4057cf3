// y[o,i] = the sum or mean over m of x[o,m,i]; back, dx[o,m,i] = dy[o,i]. Bound by memory: one pass over the large
// array. Trap: along the innermost axis (inner = 1) lines are summed, else columns, or each lane would fetch a sector.
#include "broadcast.cuh"
#include "sums.cuh"

namespace gatun {
namespace {

template <class T> struct Share {
  T* y;
  Wide<T> divisor;
  GATUN_DEVICE void operator()(int64_t i, Wide<T> sum) const { store(y + i, narrowed<T>(sum / divisor)); }
};

template <class W> struct Divided {
  W divisor;
  GATUN_DEVICE W operator()(W dy) const { return dy / divisor; }
};

}  // namespace

void reduce_forward(gatun_stream& stream, void* y, const void* x, int64_t outer, int64_t middle, int64_t inner,
                    gatun_reduction kind, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    const loops::Sources<T, 1> from{{(const T*)x}};
    const Share<T> finish{(T*)y, kind == GATUN_MEAN ? Wide<T>(middle) : Wide<T>(1)};
    if (inner == 1)
      sums::lines<Wide<T>>(stream, from, {outer, middle, 1, 0, middle}, sums::Identity{}, finish);
    else
      sums::columns<Wide<T>>(stream, from, {outer, middle, inner}, sums::Identity{}, finish);
  });
}

void reduce_pullback(gatun_stream& stream, void* dx, const void* dy, int64_t outer, int64_t middle, int64_t inner,
                     gatun_reduction kind, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    const Divided<Wide<T>> divided{kind == GATUN_MEAN ? Wide<T>(middle) : Wide<T>(1)};
    const loops::Broadcast shape =
        inner == 1 ? loops::Broadcast{1, 1, outer * middle, middle} : loops::Broadcast{outer, middle, inner, 1};
    loops::broadcast<T, 0>(stream, (T*)dx, {}, (const T*)dy, shape, is_fresh(fresh, 0), divided);
  });
}

}  // namespace gatun
