// y = x, rounded to the type beside which x's is the wide one. Bound by memory: one read, one write.
#include "loops.cuh"

namespace gatun {
namespace {

/// What one access writes of y for a piece of x: in bf16 half as many bytes.
template <class T, int elements> struct alignas(elements * sizeof(T)) Narrowed { T at[elements]; };

template <class T> GATUN_KERNEL(loops::threads, 2) narrow_elements(T* y, const Wide<T>* x, int64_t n, bool vectors) {
  loops::over_elements<Wide<T>>(
      n, vectors, [&]<class Piece>(Piece, int64_t i) { return load_once(reinterpret_cast<const Piece*>(x + i)); },
      [&]<class Piece>(Piece, int64_t i, const Piece& piece) {
        Narrowed<T, Piece::count> rounded;
        for (int k = 0; k < Piece::count; k++) rounded.at[k] = narrowed<T>(piece.at[k]);
        store(reinterpret_cast<Narrowed<T, Piece::count>*>(y + i), rounded);
      });
}

}  // namespace

void narrow(gatun_stream& stream, void* y, const void* x, int64_t n, gatun_dtype dtype) {
  if (n == 0) return;
  by_type(dtype, [&](auto* t) {
    using W = Wide<GATUN_ELEMENT(t)>;
    const bool vectors = aligned(y, x);
    GATUN_LAUNCH(stream, narrow_elements<GATUN_ELEMENT(t)>, loops::grid_over<W>(stream, n, vectors), loops::threads, 0,
                 (GATUN_ELEMENT(t)*)y, (const W*)x, n, vectors);
  });
}

}  // namespace gatun
