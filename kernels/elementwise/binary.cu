// y[o,m,i] = f(a[o,m,i], b[m]). Bound by memory: reads and writes outer*middle*inner; the pullback reads up to twice
// that for each gradient.
// Trap: the sum in db leaves out the factor that depends on b alone; it is applied once to the sum.
#include "broadcast.cuh"
#include "sums.cuh"

namespace gatun {
namespace {

/// f itself. Its kind is the same for all elements, and memory is the bound: one kernel serves all kinds.
template <class W> struct Combine {
  gatun_binary kind;
  GATUN_DEVICE W operator()(W a, W b) const {
    switch (kind) {
      case GATUN_ADD:
        return a + b;
      case GATUN_SUBTRACT:
        return a - b;
      case GATUN_REVERSE_SUBTRACT:
        return b - a;
      case GATUN_MULTIPLY:
        return a * b;
      case GATUN_DIVIDE:
        return a / b;
      default:
        return b / a;
    }
  }
};

/// The gradient of b in a / b.
struct DividePull {
  template <class W> GATUN_DEVICE W operator()(W dy, W a, W b) const { return -dy * a / b / b; }
};

/// The gradient of a in b / a.
struct ReverseDividePull {
  template <class W> GATUN_DEVICE W operator()(W dy, W a, W b) const { return -dy * (b / a / a); }
};

template <class W> struct Scaled {
  W scale;
  GATUN_DEVICE W operator()(W dy) const { return scale * dy; }
};

/// Adds -sum / b / b, the opposite of the sum, or the sum itself, as the kind has it.
template <class T> struct GradientOfB {
  T* db;
  const T* b;
  gatun_binary kind;
  bool fresh;
  GATUN_DEVICE void operator()(int64_t m, Wide<T> sum) const {
    Wide<T> value = kind == GATUN_SUBTRACT ? -sum : sum;
    if (kind == GATUN_DIVIDE) {
      const Wide<T> divisor = widened(load(b + m));
      value = -sum / divisor / divisor;
    }
    store(db + m, loops::put(fresh, fresh ? T{} : load(db + m), value));
  }
};

struct Extent {
  int64_t outer, middle, inner;
  int64_t count() const { return outer * middle * inner; }
  bool equal_shapes() const { return outer == 1 && inner == 1; }
};

/// y = or += f(sources, b).
template <class T, int reads, class F> void put_broadcast(gatun_stream& stream, T* y, loops::Sources<T, reads> from,
                                                          const T* b, Extent extent, bool fresh, F f) {
  if (extent.equal_shapes()) {
    loops::Sources<T, reads + 1> all;
    for (int i = 0; i < reads; i++) all.at[i] = from.at[i];
    all.at[reads] = b;
    return loops::map(stream, y, all, extent.count(), fresh, f);
  }
  // A scalar stands still for all elements.
  const loops::Broadcast shape = extent.middle == 1
                                     ? loops::Broadcast{1, extent.count(), 1, 1}
                                     : loops::Broadcast{1, extent.outer, extent.middle * extent.inner, extent.inner};
  loops::broadcast(stream, y, from, b, shape, fresh, f);
}

template <class T> void gradient_of_a(gatun_stream& stream, T* da, const T* dy, const T* a, const T* b, Extent extent,
                                      gatun_binary kind, bool fresh) {
  const loops::Sources<T, 1> dy_alone{{dy}};
  switch (kind) {
    case GATUN_ADD:
    case GATUN_SUBTRACT:
    case GATUN_REVERSE_SUBTRACT:
      return loops::map(stream, da, dy_alone, extent.count(), fresh,
                        Scaled<Wide<T>>{Wide<T>(kind == GATUN_REVERSE_SUBTRACT ? -1 : 1)});
    case GATUN_MULTIPLY:
    case GATUN_DIVIDE:
      return put_broadcast(stream, da, dy_alone, b, extent, fresh, Combine<Wide<T>>{kind});
    case GATUN_REVERSE_DIVIDE:
      return put_broadcast(stream, da, loops::Sources<T, 2>{{dy, a}}, b, extent, fresh, ReverseDividePull{});
  }
}

/// Where b has the shape of a there is nothing to sum.
template <class T> void gradient_of_equal_b(gatun_stream& stream, T* db, const T* dy, const T* a, const T* b, int64_t n,
                                            gatun_binary kind, bool fresh) {
  const loops::Sources<T, 2> both{{dy, a}};
  switch (kind) {
    case GATUN_ADD:
    case GATUN_SUBTRACT:
    case GATUN_REVERSE_SUBTRACT:
      return loops::map(stream, db, loops::Sources<T, 1>{{dy}}, n, fresh,
                        Scaled<Wide<T>>{Wide<T>(kind == GATUN_SUBTRACT ? -1 : 1)});
    case GATUN_MULTIPLY:
      return loops::map(stream, db, both, n, fresh, Combine<Wide<T>>{GATUN_MULTIPLY});
    case GATUN_DIVIDE:
      return loops::map(stream, db, loops::Sources<T, 3>{{dy, a, b}}, n, fresh, DividePull{});
    case GATUN_REVERSE_DIVIDE:
      return loops::map(stream, db, both, n, fresh, Combine<Wide<T>>{GATUN_DIVIDE});
  }
}

template <class T, int reads, class Term>
void sum_to_b(gatun_stream& stream, loops::Sources<T, reads> from, Extent extent, Term term, GradientOfB<T> finish) {
  const auto [outer, middle, inner] = extent;
  if (inner == 1 && middle > 1)
    sums::columns<Wide<T>>(stream, from, {1, outer, middle}, term, finish);
  else if (middle == 1)
    sums::lines<Wide<T>>(stream, from, {1, outer * inner, 1, 0, outer * inner}, term, finish);
  else
    sums::lines<Wide<T>>(stream, from, {middle, inner, outer, middle * inner, inner}, term, finish);
}

template <class T> void gradient_of_b(gatun_stream& stream, T* db, const T* dy, const T* a, const T* b, Extent extent,
                                      gatun_binary kind, bool fresh) {
  if (extent.equal_shapes()) return gradient_of_equal_b(stream, db, dy, a, b, extent.count(), kind, fresh);
  const GradientOfB<T> finish{db, b, kind, fresh};
  const loops::Sources<T, 2> both{{dy, a}};
  if (kind == GATUN_MULTIPLY || kind == GATUN_DIVIDE)
    sum_to_b(stream, both, extent, Combine<Wide<T>>{GATUN_MULTIPLY}, finish);
  else if (kind == GATUN_REVERSE_DIVIDE)
    sum_to_b(stream, both, extent, Combine<Wide<T>>{GATUN_DIVIDE}, finish);
  else
    sum_to_b(stream, loops::Sources<T, 1>{{dy}}, extent, sums::Identity{}, finish);
}

}  // namespace

void binary_forward(gatun_stream& stream, void* y, const void* a, const void* b, int64_t outer, int64_t middle,
                    int64_t inner, gatun_binary kind, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    put_broadcast<T, 1>(stream, (T*)y, {{(const T*)a}}, (const T*)b, {outer, middle, inner}, true,
                        Combine<Wide<T>>{kind});
  });
}

void binary_pullback(gatun_stream& stream, void* da, void* db, const void* dy, const void* a, const void* b,
                     int64_t outer, int64_t middle, int64_t inner, gatun_binary kind, int32_t fresh,
                     gatun_dtype dtype) {
  const Extent extent{outer, middle, inner};
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    if (da) gradient_of_a<T>(stream, (T*)da, (const T*)dy, (const T*)a, (const T*)b, extent, kind, is_fresh(fresh, 0));
    if (db) gradient_of_b<T>(stream, (T*)db, (const T*)dy, (const T*)a, (const T*)b, extent, kind, is_fresh(fresh, 1));
  });
}

}  // namespace gatun
