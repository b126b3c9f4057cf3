// AdamW (Loshchilov and Hutter 2019); gatun.h has the equations. One pass: reads 16 and writes 12 bytes a weight in
// fp32, bound by memory. The flat arena is a table of two tensors, one that decays and one that does not.
// Trap: 1 - beta^step loses all its digits in fp32 for the first steps, so what does not change from weight to weight
// is computed once, in fp64.
#include <omp.h>

#include "body.h"

namespace gatun::GATUN_LEVEL {
namespace {

struct Rule {
  double beta1, beta2, eps, weight_decay, max_norm;
};

/// The factors of one step, the same for all weights.
template <class T> struct Factors {
  T clip;           ///< of the gradient
  T keep1, blend1;  ///< beta1, 1 - beta1
  T keep2, blend2;  ///< beta2, 1 - beta2
  T second;         ///< 1 / (1 - beta2^step)
  T stride;         ///< rate / (1 - beta1^step)
  T eps;
  T shrink;  ///< rate * decay
};

template <class T> Factors<T> factors(const Rule& rule, double rate, int64_t step, const T* norm) {
  const double room = norm ? rule.max_norm / (double(*norm) + 1e-6) : 1.0;
  return {T(room > 1.0 ? 1.0 : room),
          T(rule.beta1),
          T(1.0 - rule.beta1),
          T(rule.beta2),
          T(1.0 - rule.beta2),
          T(1.0 / (1.0 - pow(rule.beta2, double(step)))),
          T(rate / (1.0 - pow(rule.beta1, double(step)))),
          T(rule.eps),
          T(rate * rule.weight_decay)};
}

template <class T> inline T square_root(T x);
template <> inline float square_root(float x) { return __builtin_sqrtf(x); }
template <> inline double square_root(double x) { return __builtin_sqrt(x); }

template <class T> inline void update_strip(T* __restrict w, T* __restrict m, T* __restrict v,
                                            const T* __restrict gradients, int64_t n, const Factors<T>& f) {
  const auto [clip, keep1, blend1, keep2, blend2, second, stride, eps, shrink] = f;
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    const T g = gradients[i] * clip;
    const T mean = keep1 * m[i] + blend1 * g, square = keep2 * v[i] + blend2 * (g * g);
    m[i] = mean;
    v[i] = square;
    w[i] -= stride * mean / (square_root(square * second) + eps) + shrink * w[i];
  }
}

/// Strip by strip, fetching 2 KiB ahead: that saves an eighth of the time where memory is the bound. `copy` receives
/// the weights, where it is not null.
template <class T> void update(T* w, T* copy, T* m, T* v, const T* gradients, int64_t n, const Factors<T>& f) {
  constexpr int64_t line = 64 / sizeof(T), strip = 4 * line, ahead = 32 * line;
  for (int64_t i = 0; i < n; i += strip) {
    const int64_t wide = n - i < strip ? n - i : strip;
    for (int64_t next = i + ahead; next < i + ahead + strip; next += line) {
      __builtin_prefetch(w + next, 1);
      __builtin_prefetch(m + next, 1);
      __builtin_prefetch(v + next, 1);
      __builtin_prefetch(gradients + next);
    }
    update_strip(w + i, m + i, v + i, gradients + i, wide, f);
    if (copy) memcpy(copy + i, w + i, size_t(wide) * sizeof(T));
  }
}

/// Tensors that the step walks through; `decays` says which shrink.
template <class T> struct Table {
  T *const *weights, *const *masters, *const *m, *const *v;  // masters may be null
  const T* const* gradients;
  const int64_t* sizes;
  const int32_t* decays;
  int64_t tensors;
};

constexpr int64_t block = 8192;

/// The blocks of all tensors in one row, cut into a stretch for each thread.
template <class T> void step_table(const Table<T>& table, const Factors<T>& decaying) {
  Factors<T> constant = decaying;
  constant.shrink = 0;
  int64_t blocks = 0;
  for (int64_t t = 0; t < table.tensors; t++) blocks += (table.sizes[t] + block - 1) / block;
#pragma omp parallel if (blocks > 2)
  {
    const int64_t me = omp_get_thread_num(), team = omp_get_num_threads();
    const int64_t begin = blocks * me / team, end = blocks * (me + 1) / team;
    int64_t passed = 0;
    for (int64_t t = 0; t < table.tensors && passed < end; t++) {
      const int64_t own = (table.sizes[t] + block - 1) / block;
      const int64_t first = begin > passed ? begin - passed : 0, last = end - passed < own ? end - passed : own;
      passed += own;
      if (first >= last) continue;
      const int64_t from = first * block, to = last * block < table.sizes[t] ? last * block : table.sizes[t];
      T *const weights = table.weights[t] + from, *const master = table.masters ? table.masters[t] + from : nullptr;
      update(master ? master : weights, master ? weights : nullptr, table.m[t] + from, table.v[t] + from,
             table.gradients[t] + from, to - from, table.decays[t] ? decaying : constant);
    }
  }
}

}  // namespace

void adamw_step(gatun_stream&, void* weights, void* master, void* m, void* v, const void* gradients, const double* rate,
                const int64_t* step, const void* norm, const int64_t*, int64_t, int64_t n, int64_t decayed,
                double beta1, double beta2, double eps, double weight_decay, double max_norm, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    T *const w[] = {(T*)weights, (T*)weights + decayed}, *const masters[] = {(T*)master, (T*)master + decayed};
    T *const means[] = {(T*)m, (T*)m + decayed}, *const squares[] = {(T*)v, (T*)v + decayed};
    const T* const g[] = {(const T*)gradients, (const T*)gradients + decayed};
    const int64_t sizes[] = {decayed, n - decayed};
    const int32_t decays[] = {1, 0};
    const Rule rule{beta1, beta2, eps, weight_decay, max_norm};
    step_table(Table<T>{w, master ? masters : nullptr, means, squares, g, sizes, decays, 2},
               factors(rule, *rate, *step, (const T*)norm));
  });
}

void adamw_table_step(gatun_stream&, void** weights, void** masters, void** m, void** v, void** gradients,
                      const int64_t* sizes, const int32_t* decays, const double* rate, const int64_t* step,
                      const void* norm, const int64_t*, int64_t tensors, double beta1, double beta2, double eps,
                      double weight_decay, double max_norm, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    const Rule rule{beta1, beta2, eps, weight_decay, max_norm};
    const Table<T> table{(T* const*)weights,
                         (T* const*)masters,
                         (T* const*)m,
                         (T* const*)v,
                         (const T* const*)gradients,
                         sizes,
                         decays,
                         tensors};
    step_table(table, factors(rule, *rate, *step, (const T*)norm));
  });
}

}  // namespace gatun::GATUN_LEVEL
