// y[o,m,i] = f(a[o,m,i], b[m]). Bound by memory: reads and writes outer*middle*inner; the pullback reads up to twice
// that for each gradient. Where inner = 1, b runs along the elements; else it stands still for `inner` of them.
// Trap: the sum in db leaves out the factor that depends on b alone; it is applied once to the sum.
#include "loops.h"
#include "sums.h"

namespace gatun::GATUN_LEVEL {
namespace {

/// Each kind has its value, the gradient of a, and that of b as finish(sum over term(dy, a), b).
struct Add {
  template <class T> static T value(T a, T b) { return a + b; }
  template <class T> static T pull(T dy, T, T) { return dy; }
  template <class T> static T term(T dy, T) { return dy; }
  static double finish(double sum, double) { return sum; }
};

struct Subtract {
  template <class T> static T value(T a, T b) { return a - b; }
  template <class T> static T pull(T dy, T, T) { return dy; }
  template <class T> static T term(T dy, T) { return dy; }
  static double finish(double sum, double) { return -sum; }
};

struct Multiply {
  template <class T> static T value(T a, T b) { return a * b; }
  template <class T> static T pull(T dy, T, T b) { return dy * b; }
  template <class T> static T term(T dy, T a) { return dy * a; }
  static double finish(double sum, double) { return sum; }
};

struct Divide {
  template <class T> static T value(T a, T b) { return a / b; }
  template <class T> static T pull(T dy, T, T b) { return dy / b; }
  template <class T> static T term(T dy, T a) { return dy * a; }
  static double finish(double sum, double b) { return -sum / b / b; }
};

struct ReverseSubtract {
  template <class T> static T value(T a, T b) { return b - a; }
  template <class T> static T pull(T dy, T, T) { return -dy; }
  template <class T> static T term(T dy, T) { return dy; }
  static double finish(double sum, double) { return sum; }
};

struct ReverseDivide {
  template <class T> static T value(T a, T b) { return b / a; }
  template <class T> static T pull(T dy, T a, T b) { return -dy * (b / a / a); }
  template <class T> static T term(T dy, T a) { return dy / a; }
  static double finish(double sum, double) { return sum; }
};

template <class Work> void by_kind(gatun_binary kind, Work work) {
  switch (kind) {
    case GATUN_ADD:
      return work(Add{});
    case GATUN_SUBTRACT:
      return work(Subtract{});
    case GATUN_MULTIPLY:
      return work(Multiply{});
    case GATUN_DIVIDE:
      return work(Divide{});
    case GATUN_REVERSE_SUBTRACT:
      return work(ReverseSubtract{});
    case GATUN_REVERSE_DIVIDE:
      return work(ReverseDivide{});
  }
}

struct Extent {
  int64_t outer, middle, inner;
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
      for (int64_t m = from; m < to; m++) work(o * middle + m, b[m]);
    });
  else
    in_runs(outer * middle, inner, [=, middle = middle, inner = inner](int64_t run, int64_t from, int64_t to) {
      const T b_run = b[run % middle];
#pragma omp simd
      for (int64_t i = from; i < to; i++) work(run * inner + i, b_run);
    });
}

template <class F, class T> void forward(T* y, const T* a, const T* b, Extent extent) {
  over_elements(b, extent, [=](int64_t i, T b_i) { y[i] = F::value(a[i], b_i); });
}

template <class F, bool fresh, class T> void gradient_of_a(T* da, const T* dy, const T* a, const T* b, Extent extent) {
  over_elements(b, extent, [=](int64_t i, T b_i) { put<fresh>(da[i], F::pull(dy[i], a[i], b_i)); });
}

template <class F, bool fresh, class T> void gradient_of_b(T* db, const T* dy, const T* a, const T* b, Extent extent) {
  const auto [outer, middle, inner] = extent;
  const auto term = [=](int64_t i) { return F::term(dy[i], a[i]); };
  const auto store = [=](int64_t m, double sum) { put<fresh>(db[m], T(F::finish(sum, double(b[m])))); };
  if (outer == 1 && inner == 1)
    in_pieces(middle, [=](int64_t from, int64_t to) {
#pragma omp simd
      for (int64_t m = from; m < to; m++) store(m, double(term(m)));
    });
  else if (inner == 1)
    sum_columns(1, outer, middle, term, store);
  else
    sum_lines({middle, inner, outer, middle * inner, inner}, term, store);
}

}  // namespace

void binary_forward(gatun_stream&, void* y, const void* a, const void* b, int64_t outer, int64_t middle, int64_t inner,
                    gatun_binary kind, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    by_kind(kind,
            [&](auto f) { forward<decltype(f)>((T*)y, (const T*)a, (const T*)b, extent_of(outer, middle, inner)); });
  });
}

void binary_pullback(gatun_stream&, void* da, void* db, const void* dy, const void* a, const void* b, int64_t outer,
                     int64_t middle, int64_t inner, gatun_binary kind, int32_t fresh, gatun_dtype dtype) {
  const auto extent = extent_of(outer, middle, inner);
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    by_kind(kind, [&](auto f) {
      using F = decltype(f);
      if (da)
        by_truth(is_fresh(fresh, 0), [&](auto fresh_a) {
          gradient_of_a<F, fresh_a.value>((T*)da, (const T*)dy, (const T*)a, (const T*)b, extent);
        });
      if (db)
        by_truth(is_fresh(fresh, 1), [&](auto fresh_b) {
          gradient_of_b<F, fresh_b.value>((T*)db, (const T*)dy, (const T*)a, (const T*)b, extent);
        });
    });
  });
}

}  // namespace gatun::GATUN_LEVEL
