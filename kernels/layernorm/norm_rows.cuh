// What rows.cuh does to rows, for the ops that send rows through a norm: layernorm.cu compiles it for all of them.
#pragma once
#include "device.cuh"

namespace gatun::norm_rows {

/// `sum` and `residual` are null in the plain norm.
template <class T> struct Forward {
  T *sum, *y;
  Wide<T>*mean, *rstd;
  const T *x, *residual;
  const Wide<T>*weight, *bias;
  int64_t rows, cols;
  Wide<T> eps;
};

template <class T> void forward(gatun_stream& stream, const Forward<T>& a);

/// Two gradients may receive what comes through the norm; where `dsum` is, it is added. `partials` has (blocks, 2,
/// cols).
template <class T> struct Pullback {
  T *dx, *dresidual;
  const T *dsum, *dy, *x;
  const Wide<T>*weight, *mean, *rstd;
  Wide<T>* partials;
  int64_t rows, cols;
  bool fresh_x, fresh_residual;
};

/// Where the column sums of dy n, and behind them those of dy, belong.
template <class W> struct WeightGradients {
  W *weight, *bias;
  bool fresh_weight, fresh_bias;
  int64_t cols;
  GATUN_DEVICE void operator()(int64_t i, W sum) const {
    const bool of_weight = i < cols;
    W* const gradient = of_weight ? weight : bias;
    if (!gradient) return;
    W* const to = gradient + (of_weight ? i : i - cols);
    const bool fresh = of_weight ? fresh_weight : fresh_bias;
    store(to, fresh ? sum : load(to) + sum);
  }
};

template <class T> void pullback(gatun_stream& stream, Pullback<T> a, const WeightGradients<Wide<T>>& to);

}  // namespace gatun::norm_rows
