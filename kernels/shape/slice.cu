// y[o,j,i] = x[o,start+j,i] for j < count. Bound by memory: reads and writes the slice; a fresh pullback writes all of
// dx. For each o the slice is one stretch of count*inner elements.
#include "loops.cuh"

namespace gatun {
namespace {

/// Of each row of dx, elements `begin` to `end` are those of dy, the others zero.
template <class T> GATUN_KERNEL(loops::threads, 2)
slice_pullback_fresh(T* dx, const T* dy, int64_t outer, int64_t row, int64_t begin, int64_t end, bool vectors) {
  loops::over_elements<T>(
      outer * row, vectors,
      [&]<class Piece>(Piece, int64_t i) {
        const auto [o, inside] = loops::split(i, row);
        if (inside < begin || inside >= end) return Piece{};
        return load_once(reinterpret_cast<const Piece*>(dy + o * (end - begin) + inside - begin));
      },
      [&]<class Piece>(Piece, int64_t i, const Piece& piece) { store(reinterpret_cast<Piece*>(dx + i), piece); });
}

template <class T>
void pullback_fresh(gatun_stream& stream, T* dx, const T* dy, int64_t outer, int64_t row, int64_t begin, int64_t end) {
  if (outer * row == 0) return;
  constexpr int count = Vector<T>::count;
  const bool vectors = row % count == 0 && begin % count == 0 && end % count == 0 && aligned(dx, dy);
  GATUN_LAUNCH(stream, slice_pullback_fresh<T>, loops::grid_over<T>(stream, outer * row, vectors), loops::threads, 0,
               dx, dy, outer, row, begin, end, vectors);
}

}  // namespace

void slice_forward(gatun_stream& stream, void* y, const void* x, int64_t outer, int64_t length, int64_t inner,
                   int64_t start, int64_t count, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    loops::put_runs(stream, (T*)y, count * inner, (const T*)x + start * inner, length * inner, outer, count * inner,
                    true);
  });
}

void slice_pullback(gatun_stream& stream, void* dx, const void* dy, int64_t outer, int64_t length, int64_t inner,
                    int64_t start, int64_t count, int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    if (is_fresh(fresh, 0))
      pullback_fresh(stream, (T*)dx, (const T*)dy, outer, length * inner, start * inner, (start + count) * inner);
    else
      loops::put_runs(stream, (T*)dx + start * inner, length * inner, (const T*)dy, count * inner, outer, count * inner,
                      false);
  });
}

}  // namespace gatun
