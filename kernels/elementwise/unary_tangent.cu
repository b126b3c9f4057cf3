// tdx = f'(x) tdy + f''(x) tx dy, element by element. Bound by memory: reads 4n. Where tdy is not given, dy is read in
// its place and left out.
#include "unary.cuh"

namespace gatun {

using namespace unary;

namespace {

template <class W, class Pull, class Bend> struct PullTangent {
  Pull pull;
  bool with_tdy, with_tx;
  GATUN_DEVICE W operator()(W dy, W tdy, W x, W tx) const {
    W slope;
    if constexpr (std::is_same_v<Pull, Scale<W>>)
      slope = pull(tdy);
    else
      slope = pull(tdy, x);
    return (with_tdy ? slope : W(0)) + (with_tx ? Bend{}(x)*tx * dy : W(0));
  }
};

}  // namespace

void unary_pullback_tangent(gatun_stream& stream, void* tdx, const void* dy, const void* tdy, const void* x,
                            const void* tx, int64_t n, double alpha, gatun_unary kind, int32_t fresh,
                            gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    by_kind<W>(kind, alpha, [&](auto f) {
      using Pull = decltype(f.pull());
      const PullTangent<W, Pull, typename decltype(f)::Bend> tangent{f.pull(), tdy != nullptr, tx != nullptr};
      const loops::Sources<T, 4> from{{(const T*)dy, (const T*)(tdy ? tdy : dy), (const T*)x, (const T*)(tx ? tx : x)}};
      loops::map<T, 4>(stream, (T*)tdx, from, n, is_fresh(fresh, 0), tangent);
    });
  });
}

}  // namespace gatun
