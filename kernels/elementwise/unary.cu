// y = f(x) and dx = dy f'(x), element by element. Bound by memory: reads n and writes n, the pullback reads 2n, or n
// where the derivative is a constant. Trap: comparisons are written so that NaN passes through.
#include "unary.cuh"

namespace gatun {

using namespace unary;

void unary_forward(gatun_stream& stream, void* y, const void* x, int64_t n, double alpha, gatun_unary kind,
                   gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    by_kind<Wide<T>>(kind, alpha, [&](auto f) { loops::map<T, 1>(stream, (T*)y, {{(const T*)x}}, n, true, f); });
  });
}

void unary_pullback(gatun_stream& stream, void* dx, const void* dy, const void* x, int64_t n, double alpha,
                    gatun_unary kind, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    by_kind<W>(kind, alpha, [&](auto f) {
      const auto pull = f.pull();
      if constexpr (std::is_same_v<decltype(f.pull()), Scale<W>>)
        loops::map<T, 1>(stream, (T*)dx, {{(const T*)dy}}, n, is_fresh(fresh, 0), pull);
      else
        loops::map<T, 2>(stream, (T*)dx, {{(const T*)dy, (const T*)x}}, n, is_fresh(fresh, 0), pull);
    });
  });
}

}  // namespace gatun
