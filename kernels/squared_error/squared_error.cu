// loss = mean of (prediction - target)^2; dprediction = 2 dloss / n (prediction - target) and dtarget its opposite.
// Bound by memory: reads 2n; the pullback reads 2n and writes up to 2n, both gradients in one pass.
#include "sums.cuh"

namespace gatun {
namespace {

struct SquaredDifference {
  template <class W> GATUN_DEVICE W operator()(W prediction, W target) const {
    const W difference = prediction - target;
    return difference * difference;
  }
};

/// Where a tangent is not given, another array is read in its place and left out.
struct Tangent {
  bool with_tprediction, with_ttarget;
  template <class W> GATUN_DEVICE W operator()(W prediction, W target, W tprediction, W ttarget) const {
    return 2 * (prediction - target) * ((with_tprediction ? tprediction : W(0)) - (with_ttarget ? ttarget : W(0)));
  }
};

template <class W> struct Mean {
  W* loss;
  int64_t n;
  GATUN_DEVICE void operator()(int64_t, W sum) const { store(loss, sum / W(n)); }
};

template <class T> struct Gradients {
  T *dprediction, *dtarget;
  bool fresh_dprediction, fresh_dtarget;
};

template <class T> GATUN_KERNEL(loops::threads, 2)
squared_error_pullback_elements(Gradients<T> to, const Wide<T>* dloss, loops::Sources<T, 2> from, int64_t n,
                                bool vectors) {
  const Wide<T> rate = 2 * load(dloss) / Wide<T>(n);
  const bool wants_prediction = to.dprediction, wants_target = to.dtarget;
  loops::over_elements<T>(
      n, vectors,
      [&]<class Piece>(Piece, int64_t i) {
        struct Found {
          loops::Pieces<Piece, 2> pieces;
          Piece dprediction, dtarget;
        };
        return Found{loops::load_pieces<Piece>(from, i),
                     loops::load_unless<Piece>(to.fresh_dprediction || !wants_prediction, to.dprediction, i),
                     loops::load_unless<Piece>(to.fresh_dtarget || !wants_target, to.dtarget, i)};
      },
      [&]<class Piece>(Piece, int64_t i, const auto& found) {
        Piece dprediction, dtarget;
        GATUN_UNROLL
        for (int k = 0; k < Piece::count; k++) {
          const Wide<T> value = rate * (widened(found.pieces.of[0].at[k]) - widened(found.pieces.of[1].at[k]));
          dprediction.at[k] = loops::put(to.fresh_dprediction, found.dprediction.at[k], value);
          dtarget.at[k] = loops::put(to.fresh_dtarget, found.dtarget.at[k], -value);
        }
        if (wants_prediction) store(reinterpret_cast<Piece*>(to.dprediction + i), dprediction);
        if (wants_target) store(reinterpret_cast<Piece*>(to.dtarget + i), dtarget);
      });
}

}  // namespace

void squared_error_forward(gatun_stream& stream, gatun_wide* loss, const void* prediction, const void* target,
                           int64_t n, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    sums::lines<W>(stream, loops::Sources<T, 2>{{(const T*)prediction, (const T*)target}}, {1, n, 1, n, n},
                   SquaredDifference{}, Mean<W>{(W*)loss, n});
  });
}

void squared_error_pullback(gatun_stream& stream, void* dprediction, void* dtarget, const gatun_wide* dloss,
                            const void* prediction, const void* target, int64_t n, int32_t fresh, gatun_dtype dtype) {
  if (!dprediction && !dtarget) return;
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    const Gradients<T> to{(T*)dprediction, (T*)dtarget, is_fresh(fresh, 0), is_fresh(fresh, 1)};
    const loops::Sources<T, 2> from{{(const T*)prediction, (const T*)target}};
    const bool vectors = aligned(to.dprediction, to.dtarget, from.at[0], from.at[1]);
    GATUN_LAUNCH(stream, squared_error_pullback_elements<T>, loops::grid_over<T>(stream, n, vectors), loops::threads, 0,
                 to, (const Wide<T>*)dloss, from, n, vectors);
  });
}

void squared_error_tangent(gatun_stream& stream, gatun_wide* tloss, const void* prediction, const void* tprediction,
                           const void* target, const void* ttarget, int64_t n, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const loops::Sources<T, 4> from{{(const T*)prediction, (const T*)target,
                                     (const T*)(tprediction ? tprediction : prediction),
                                     (const T*)(ttarget ? ttarget : target)}};
    sums::lines<W>(stream, from, {1, n, 1, n, n}, Tangent{tprediction != nullptr, ttarget != nullptr},
                   Mean<W>{(W*)tloss, n});
  });
}

}  // namespace gatun
