// Running estimates of the Hessian's diagonal; gatun.h has the equations. They read 8 and write 4 bytes a weight in
// fp32, bound by memory: a probe is made again from its number, ten rounds of Philox for four neighbours, which costs
// less than reading it. Where `first` cuts a block of four words, each element makes a block of its own.
#include "loops.cuh"
#include "normal.cuh"
#include "philox.cuh"

namespace gatun {
namespace {

using loops::threads;

/// Four neighbours, whose words are one block, in vectors of 16 bytes.
template <class W> struct Four {
  static constexpr int count = 4;
  Vector<W> parts[4 / Vector<W>::count];
  GATUN_DEVICE W& at(int k) { return parts[k / Vector<W>::count].at[k % Vector<W>::count]; }
  GATUN_DEVICE void load_from(const W* from) {
    for (int part = 0; part < 4 / Vector<W>::count; part++)
      parts[part] = load_once(reinterpret_cast<const Vector<W>*>(from) + part);
  }
  GATUN_DEVICE void store_to(W* to) const {
    for (int part = 0; part < 4 / Vector<W>::count; part++) store(reinterpret_cast<Vector<W>*>(to) + part, parts[part]);
  }
};

template <class W> struct Single {
  static constexpr int count = 1;
  W only;
  GATUN_DEVICE W& at(int) { return only; }
  GATUN_DEVICE void load_from(const W* from) { only = load_once(from); }
  GATUN_DEVICE void store_to(W* to) const { store(to, only); }
};

/// The probe that activations of type T see.
template <class T> struct Signs {
  static GATUN_DEVICE Wide<T> of(uint32_t word) { return static_cast<int32_t>(word) < 0 ? Wide<T>(-1) : Wide<T>(1); }
};
template <class T> struct Normals {
  static GATUN_DEVICE Wide<T> of(uint32_t word) { return widened(narrowed<T>(Wide<T>(standard_normal(word)))); }
};

template <class W> struct Estimate {
  W* h;
  const W* product;
  const int64_t* key;
  uint64_t first;
  int64_t n;
  W keep, blend;
};

/// Elements from `from`, in pieces.
template <class Probe, class Piece, class W>
GATUN_DEVICE void blend_probed(const Estimate<W>& a, int64_t from, int64_t to, Sequence sequence) {
  constexpr int count = Piece::count;
  const int64_t stride = blocks_x() * threads * count;
  for (int64_t i = from + (block_x() * threads + thread_index()) * count; i + count <= to; i += stride) {
    Piece h, product;
    h.load_from(a.h + i);
    product.load_from(a.product + i);
    uint32_t words[4];
    const uint64_t number = a.first + static_cast<uint64_t>(i);
    philox(words, number / 4, sequence);
    GATUN_UNROLL
    for (int k = 0; k < count; k++) {
      uint32_t word = words[k];
      if (count == 1) {
        const uint32_t low = number & 1 ? words[1] : words[0], high = number & 1 ? words[3] : words[2];
        word = number & 2 ? high : low;
      }
      h.at(k) = a.keep * h.at(k) + a.blend * (Probe::of(word) * product.at(k));
    }
    h.store_to(a.h + i);
  }
}

template <class Probe, class W> GATUN_KERNEL(threads, 4) curvature_hutchinson_blend(Estimate<W> a, bool in_fours) {
  const Sequence sequence{static_cast<uint64_t>(load(a.key)), static_cast<uint64_t>(load(a.key + 1))};
  const int64_t fours = in_fours ? a.n / 4 * 4 : 0;
  blend_probed<Probe, Four<W>>(a, 0, fours, sequence);
  blend_probed<Probe, Single<W>>(a, fours, a.n, sequence);
}

template <class Probe, class W> void hutchinson(gatun_stream& stream, const Estimate<W>& a) {
  if (a.n == 0) return;
  const bool in_fours = a.first % 4 == 0 && aligned(a.h, a.product);
  GATUN_LAUNCH(stream, (curvature_hutchinson_blend<Probe, W>), grid_for(stream, a.n, in_fours ? threads * 4 : threads),
               threads, 0, a, in_fours);
}

template <class W> GATUN_KERNEL(threads, 2)
curvature_bartlett_blend(W* h, const W* gradients, const int64_t* counted, int64_t n, bool vectors, double beta) {
  const W keep = W(beta), blend = W((1.0 - beta) * double(load(counted)));
  loops::over_elements<W>(
      n, vectors,
      [&]<class Piece>(Piece, int64_t i) {
        struct Found {
          Piece h, gradients;
        };
        return Found{load_once(reinterpret_cast<const Piece*>(h + i)),
                     load_once(reinterpret_cast<const Piece*>(gradients + i))};
      },
      [&]<class Piece>(Piece piece, int64_t i, const auto& found) {
        for (int k = 0; k < Piece::count; k++)
          piece.at[k] = keep * found.h.at[k] + blend * (found.gradients.at[k] * found.gradients.at[k]);
        store(reinterpret_cast<Piece*>(h + i), piece);
      });
}

}  // namespace

void curvature_hutchinson(gatun_stream& stream, void* h, const void* product, const int64_t* key, int64_t first,
                          int64_t n, double beta, gatun_probe probe, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Estimate<W> a{(W*)h, (const W*)product, key, static_cast<uint64_t>(first), n, W(beta), W(1.0 - beta)};
    if (probe == GATUN_SIGNS)
      hutchinson<Signs<T>>(stream, a);
    else
      hutchinson<Normals<T>>(stream, a);
  });
}

void curvature_bartlett(gatun_stream& stream, void* h, const void* gradients, const int64_t* counted, int64_t n,
                        double beta, gatun_dtype dtype) {
  if (n == 0) return;
  by_type(dtype, [&](auto* t) {
    using W = Wide<GATUN_ELEMENT(t)>;
    const bool vectors = aligned((const W*)h, (const W*)gradients);
    GATUN_LAUNCH(stream, curvature_bartlett_blend<W>, loops::grid_over<W>(stream, n, vectors), threads, 0, (W*)h,
                 (const W*)gradients, counted, n, vectors, beta);
  });
}

}  // namespace gatun
