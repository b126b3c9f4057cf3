// The tangents of the head with its loss. With K = (softmax - one-hot) / counted of a row of logits and t the tangent
// of that row, the loss moves by sum(K t), and K by softmax (t - sum(softmax t)) / counted. 4 * rows * cols * vocab
// FLOPs, and 8 in the pullback; half as many more where the logits are computed again.
#include "../cross_entropy/tangent.h"

#include "head.h"

namespace gatun::GATUN_LEVEL {
namespace {

inline int64_t block_end(int64_t start, int64_t vocab) { return vocab - start < row_block ? vocab : start + row_block; }

template <class T> inline void narrow_block(T* to, const Wide<T>* from, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) to[i] = narrowed<T>(from[i]);
}

/// What the head reads, from row r on; tangents may be null.
template <class T> struct Inputs {
  const T *x, *tx, *table, *ttable;

  Inputs from(int64_t r, Head head) const {
    return {x + r * head.cols, tx ? tx + r * head.cols : nullptr, table, ttable};
  }
};

template <class T> void compute_tlogits(T* tlogits, Inputs<T> in, Head head) {
  if (in.tx) compute_logits(tlogits, in.tx, in.table, head);
  if (in.ttable) compute_logits(tlogits, in.x, in.ttable, head, in.tx != nullptr);
  if (!in.tx && !in.ttable) zero(tlogits, head.rows * head.stride);
}

/// From K: tangents of logits become those of K. Answers with the sum of K t.
template <class T> double carry_kept(T* tlogits, const T* kept, const int32_t* targets, int64_t counted, Head head) {
  using W = Wide<T>;
  const W count = W(counted);
  return sum_over_rows({head.rows, head.vocab, head.stride}, [&](int64_t r) {
    T* const t = tlogits + r * head.stride;
    const T* const k = kept + r * head.stride;
    if (targets[r] < 0) {
      zero(t, head.vocab);
      return 0.0;
    }
    double sum = 0;
    for (int64_t start = 0; start < head.vocab; start += row_block) {
      const int64_t n = block_end(start, head.vocab) - start;
      W room[row_block], troom[row_block], of_block = 0;
      const W *const kblock = wide_block(k + start, n, room), *const tblock = wide_block(t + start, n, troom);
#pragma omp simd reduction(+ : of_block)
      for (int64_t j = 0; j < n; j++) of_block += kblock[j] * tblock[j];
      sum += double(of_block);
    }
    const int64_t target = targets[r];
    const W at_target = widened(t[target]), mean = W(sum * double(counted)) + at_target;
    for (int64_t start = 0; start < head.vocab; start += row_block) {
      const int64_t end = block_end(start, head.vocab);
      W moved[row_block];
#pragma omp simd
      for (int64_t j = start; j < end; j++) moved[j - start] = widened(k[j]) * (widened(t[j]) - mean);
      if (target >= start && target < end) moved[target - start] += (at_target - mean) / count;
      narrow_block(t + start, moved, end - start);
    }
    return sum;
  });
}

/// From the logits: they become K, and their tangents that of K.
template <class T> void replace_by_gradients(T* logits, T* tlogits, const int32_t* targets, const Wide<T>* lse,
                                             int64_t counted, Head head) {
  using W = Wide<T>;
#pragma omp parallel for schedule(static) if (head.rows * head.vocab >= worth_a_team)
  for (int64_t r = 0; r < head.rows; r++) {
    T *const row = logits + r * head.stride, *const t = tlogits + r * head.stride;
    if (targets[r] < 0) {
      zero(row, head.vocab);
      zero(t, head.vocab);
      continue;
    }
    const auto w = weighted(row, t, head.vocab, lse[r]);
    const W share = W(1 / (w.sum * double(counted))), mean = W(w.mean), top = lse[r];
    const int64_t target = targets[r];
    for (int64_t start = 0; start < head.vocab; start += row_block) {
      const int64_t end = block_end(start, head.vocab);
      W k[row_block];
#pragma omp simd
      for (int64_t j = start; j < end; j++) {
        const W weight = fast_exp(widened(row[j]) - top) * share;
        t[j] = narrowed<T>(weight * (widened(t[j]) - mean));
        k[j - start] = weight;
      }
      if (target >= start && target < end) k[target - start] -= W(1 / double(counted));
      narrow_block(row + start, k, end - start);
    }
  }
}

template <class T> void tangent(Wide<T>* tloss, T* tlogits, T* scratch, const T* kept, Inputs<T> in,
                                const int32_t* targets, const Wide<T>* lse, int64_t counted, int64_t chunk, Head head) {
  double sum = 0;
  for (int64_t r = 0; r < head.rows; r += chunk) {
    const Head part = head.part(r, chunk);
    const auto rows = in.from(r, head);
    compute_tlogits(tlogits, rows, part);
    if (kept) {
      sum += carry_kept(tlogits, kept, targets, counted, part);
      continue;
    }
    compute_logits(scratch, rows.x, rows.table, part);
    const double of_rows = sum_over_rows({part.rows, part.vocab, part.stride}, [&](int64_t i) {
      const T *const row = scratch + i * head.stride, *const t = tlogits + i * head.stride;
      const int32_t target = targets[r + i];
      return target < 0 ? 0.0 : weighted(row, t, head.vocab, lse[r + i]).mean - double(widened(t[target]));
    });
    if (counted) sum += of_rows / double(counted);
  }
  *tloss = Wide<T>(sum);
}

/// The tangents of both gradients.
template <class T> struct Destinations {
  T* tdx;
  Wide<T>* tdtable;

  /// Adds alpha * gradient table and alpha * gradient^T x; of null nothing.
  void take(double alpha, const T* gradient, const T* x, const T* table, Head head) const {
    multiply_gradient(table ? tdx : nullptr, x ? tdtable : nullptr, gradient, x, table, alpha, true, true, head);
  }
  void take_all(double dloss, double tdloss, const T* k, const T* tk, Inputs<T> in, bool gauss_newton,
                Head head) const {
    if (tk) take(dloss, tk, in.x, in.table, head);
    if (gauss_newton) return;
    take(dloss, k, in.tx, in.ttable, head);
    if (tdloss != 0) take(tdloss, k, in.x, in.table, head);
  }
};

template <class T> void pullback_tangent(T* scratch, T* tscratch, T* tdx, Wide<T>* tdtable, double dloss, double tdloss,
                                         const T* kept, const T* tkept, Inputs<T> in, const int32_t* targets,
                                         const Wide<T>* lse, int64_t counted, int64_t chunk, bool gauss_newton,
                                         bool fresh_x, bool fresh_table, Head head) {
  if (tdx && fresh_x) zero(tdx, head.rows * head.cols);
  if (tdtable && fresh_table) zero(tdtable, head.stride * head.cols);
  if (counted == 0) return;
  if (kept) return Destinations<T>{tdx, tdtable}.take_all(dloss, tdloss, kept, tkept, in, gauss_newton, head);
  for (int64_t r = 0; r < head.rows; r += chunk) {
    const Head part = head.part(r, chunk);
    const auto rows = in.from(r, head);
    compute_logits(scratch, rows.x, rows.table, part);
    compute_tlogits(tscratch, rows, part);
    replace_by_gradients(scratch, tscratch, targets + r, lse + r, counted, part);
    const Destinations<T> to{tdx ? tdx + r * head.cols : nullptr, tdtable};
    to.take_all(dloss, tdloss, scratch, tscratch, rows, gauss_newton, part);
  }
}

}  // namespace

void head_loss_tangent(gatun_stream&, void* tloss, void* tlogits, void* scratch, const void* kept, const void* x,
                       const void* tx, const void* table, const void* ttable, const int32_t* targets, const void* lse,
                       const int64_t* counted, int64_t rows, int64_t cols, int64_t vocab, int64_t stride, int64_t chunk,
                       gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Inputs<T> in{(const T*)x, (const T*)tx, (const T*)table, (const T*)ttable};
    tangent((W*)tloss, (T*)tlogits, (T*)scratch, (const T*)kept, in, targets, (const W*)lse, *counted, chunk,
            {rows, cols, vocab, stride, dtype});
  });
}

void head_loss_pullback_tangent(gatun_stream&, void* scratch, void* tscratch, void* tdx, void* tdtable,
                                const void* dloss, const void* tdloss, const void* kept, const void* tkept,
                                const void* x, const void* tx, const void* table, const void* ttable,
                                const int32_t* targets, const void* lse, const int64_t* counted, int64_t rows,
                                int64_t cols, int64_t vocab, int64_t stride, int64_t chunk, int32_t gauss_newton,
                                int32_t fresh, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    using W = Wide<T>;
    const Inputs<T> in{(const T*)x, (const T*)tx, (const T*)table, (const T*)ttable};
    pullback_tangent((T*)scratch, (T*)tscratch, (T*)tdx, (W*)tdtable, double(*(const W*)dloss),
                     tdloss ? double(*(const W*)tdloss) : 0.0, (const T*)kept, (const T*)tkept, in, targets,
                     (const W*)lse, *counted, chunk, gauss_newton, is_fresh(fresh, 0), is_fresh(fresh, 1),
                     {rows, cols, vocab, stride, dtype});
  });
}

}  // namespace gatun::GATUN_LEVEL
