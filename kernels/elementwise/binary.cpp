// y[o,m,i] = f(a[o,m,i], b[m]). Bound by memory: reads and writes outer*middle*inner; the pullback reads up to twice
// that for each gradient. Where inner = 1, b runs along the elements; else it stands still for `inner` of them.
// Trap: the sum in db leaves out the factor that depends on b alone; it is applied once to the sum.
#include "loops.h"
#include "sums.h"

namespace gatun::GATUN_LEVEL {
namespace {

/// Of a + b, a - b and b - a.
template <class W> struct Weighted {
  W of_a, of_b;
  W operator()(W a, W b) const { return of_a * a + of_b * b; }
};

struct Multiply {
  template <class W> W operator()(W a, W b) const { return a * b; }
};

struct Divide {
  template <class W> W operator()(W a, W b) const { return a / b; }
};

struct ReverseDivide {
  template <class W> W operator()(W a, W b) const { return b / a; }
};

struct Extent {
  int64_t outer, middle, inner;
  int64_t count() const { return outer * middle * inner; }
};

/// A scalar stands still for all elements.
Extent extent_of(int64_t outer, int64_t middle, int64_t inner) {
  if (middle == 1) return {1, 1, outer * inner};
  return {outer, middle, inner};
}

/// Calls work(index, the element of b that belongs to it).
template <class T, class Work> void over_elements(const T* b, Extent extent, Work work) {
  const auto [outer, middle, inner] = extent;
  if (inner == 1)
    in_runs(outer, middle, [=, middle = middle](int64_t o, int64_t from, int64_t to) {
#pragma omp simd
      for (int64_t m = from; m < to; m++) work(o * middle + m, widened(b[m]));
    });
  else
    in_runs(outer * middle, inner, [=, middle = middle, inner = inner](int64_t run, int64_t from, int64_t to) {
      const Wide<T> b_run = widened(b[run % middle]);
#pragma omp simd
      for (int64_t i = from; i < to; i++) work(run * inner + i, b_run);
    });
}

/// y = or += f(a, b).
template <bool fresh, class T, class F> void put_values(T* y, const T* a, const T* b, Extent extent, F f) {
  over_elements(b, extent, [=](int64_t i, Wide<T> b_i) { put<fresh>(y[i], f(widened(a[i]), b_i)); });
}

template <bool fresh, class T> void put_scaled(T* to, const T* from, Wide<T> scale, int64_t n) {
  in_pieces(n, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; i++) put<fresh>(to[i], scale * widened(from[i]));
  });
}

template <bool fresh, class T>
void gradient_of_a(T* da, const T* dy, const T* a, const T* b, Extent extent, gatun_binary kind) {
  switch (kind) {
    case GATUN_ADD:
    case GATUN_SUBTRACT:
    case GATUN_REVERSE_SUBTRACT:
      return put_scaled<fresh>(da, dy, Wide<T>(kind == GATUN_REVERSE_SUBTRACT ? -1 : 1), extent.count());
    case GATUN_MULTIPLY:
      return put_values<fresh>(da, dy, b, extent, Multiply{});
    case GATUN_DIVIDE:
      return put_values<fresh>(da, dy, b, extent, Divide{});
    case GATUN_REVERSE_DIVIDE:
      return over_elements(b, extent, [=](int64_t i, Wide<T> b_i) {
        const Wide<T> a_i = widened(a[i]);
        put<fresh>(da[i], -widened(dy[i]) * (b_i / a_i / a_i));
      });
  }
}

/// Where b has the shape of a there is nothing to sum.
template <bool fresh, class T>
void gradient_of_equal_b(T* db, const T* dy, const T* a, const T* b, int64_t n, gatun_binary kind) {
  const Extent extent{1, n, 1};
  switch (kind) {
    case GATUN_ADD:
    case GATUN_SUBTRACT:
    case GATUN_REVERSE_SUBTRACT:
      return put_scaled<fresh>(db, dy, Wide<T>(kind == GATUN_SUBTRACT ? -1 : 1), n);
    case GATUN_MULTIPLY:
      return put_values<fresh>(db, dy, a, extent, Multiply{});
    case GATUN_DIVIDE:
      return over_elements(
          b, extent, [=](int64_t i, Wide<T> b_i) { put<fresh>(db[i], -widened(dy[i]) * widened(a[i]) / b_i / b_i); });
    case GATUN_REVERSE_DIVIDE:
      return put_values<fresh>(db, dy, a, extent, Divide{});
  }
}

template <class T, class Term>
void sum_to_b(T* db, const T* b, Extent extent, gatun_binary kind, bool fresh, Term term) {
  const auto [outer, middle, inner] = extent;
  const auto store = [=](int64_t m, double sum) {
    const double divisor = kind == GATUN_DIVIDE ? double(widened(b[m])) : 1;
    const Wide<T> gradient = Wide<T>((kind == GATUN_DIVIDE || kind == GATUN_SUBTRACT ? -sum : sum) / divisor / divisor);
    db[m] = narrowed<T>(fresh ? gradient : widened(db[m]) + gradient);
  };
  if (inner == 1)
    sum_columns(1, outer, middle, term, store);
  else
    sum_lines({middle, inner, outer, middle * inner, inner}, term, store);
}

template <class T>
void gradient_of_b(T* db, const T* dy, const T* a, const T* b, Extent extent, gatun_binary kind, bool fresh) {
  if (extent.outer == 1 && extent.inner == 1)
    by_truth(fresh, [&](auto known) { gradient_of_equal_b<known.value>(db, dy, a, b, extent.middle, kind); });
  else if (kind == GATUN_MULTIPLY || kind == GATUN_DIVIDE)
    sum_to_b(db, b, extent, kind, fresh, [=](int64_t i) { return widened(dy[i]) * widened(a[i]); });
  else if (kind == GATUN_REVERSE_DIVIDE)
    sum_to_b(db, b, extent, kind, fresh, [=](int64_t i) { return widened(dy[i]) / widened(a[i]); });
  else
    sum_to_b(db, b, extent, kind, fresh, [=](int64_t i) { return widened(dy[i]); });
}

template <class W, class Work> void by_kind(gatun_binary kind, Work work) {
  switch (kind) {
    case GATUN_ADD:
      return work(Weighted<W>{1, 1});
    case GATUN_SUBTRACT:
      return work(Weighted<W>{1, -1});
    case GATUN_REVERSE_SUBTRACT:
      return work(Weighted<W>{-1, 1});
    case GATUN_MULTIPLY:
      return work(Multiply{});
    case GATUN_DIVIDE:
      return work(Divide{});
    case GATUN_REVERSE_DIVIDE:
      return work(ReverseDivide{});
  }
}

}  // namespace

void binary_forward(gatun_stream&, void* y, const void* a, const void* b, int64_t outer, int64_t middle, int64_t inner,
                    gatun_binary kind, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    by_kind<Wide<T>>(
        kind, [&](auto f) { put_values<true>((T*)y, (const T*)a, (const T*)b, extent_of(outer, middle, inner), f); });
  });
}

void binary_pullback(gatun_stream&, void* da, void* db, const void* dy, const void* a, const void* b, int64_t outer,
                     int64_t middle, int64_t inner, gatun_binary kind, int32_t fresh, gatun_dtype dtype) {
  const auto extent = extent_of(outer, middle, inner);
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    if (da)
      by_truth(is_fresh(fresh, 0), [&](auto fresh_a) {
        gradient_of_a<fresh_a.value>((T*)da, (const T*)dy, (const T*)a, (const T*)b, extent, kind);
      });
    if (db) gradient_of_b((T*)db, (const T*)dy, (const T*)a, (const T*)b, extent, kind, is_fresh(fresh, 1));
  });
}

}  // namespace gatun::GATUN_LEVEL
