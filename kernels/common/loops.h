// How kernel bodies walk over arrays. Work is cut at places that depend on the sizes alone, so that no result depends
// on the number of threads. Work is copied to each thread: what it captures by value then stays in registers.
#pragma once
#include "body.h"

namespace gatun::GATUN_LEVEL {

/// Elements that one thread takes at a time.
constexpr int64_t piece = 4096;

inline int64_t quotient_up(int64_t n, int64_t by) { return (n + by - 1) / by; }
inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/// Calls work(run, from, to) until every run is covered from 0 to `length`.
template <class Work> inline void in_runs(int64_t runs, int64_t length, Work work) {
  const int64_t pieces = quotient_up(length, piece);
#pragma omp parallel for collapse(2) schedule(static) firstprivate(work) if (runs * length >= worth_a_team)
  for (int64_t run = 0; run < runs; run++)
    for (int64_t p = 0; p < pieces; p++) work(run, p * piece, least(length, (p + 1) * piece));
}

/// Calls work(from, to) until 0 to n is covered.
template <class Work> inline void in_pieces(int64_t n, Work work) {
  in_runs(1, n, [=](int64_t, int64_t from, int64_t to) { work(from, to); });
}

template <bool known> struct Truth { static constexpr bool value = known; };

/// Calls `work` with a flag known when compiling: by_truth(fresh, [&](auto f) { put<f.value>(...); }).
template <class Work> inline void by_truth(bool flag, Work work) {
  if (flag)
    work(Truth<true>{});
  else
    work(Truth<false>{});
}

/// Overwrites or adds into an element of an ACC argument.
template <bool fresh, class T> inline void put(T& to, Wide<T> value) {
  if constexpr (fresh)
    to = narrowed<T>(value);
  else
    to = narrowed<T>(widened(to) + value);
}

/// The same with an element of the same type, whose bits stay where it overwrites. The compiler makes no vectors of
/// assignments of structures.
template <bool fresh, class T> inline void put_copy(T& to, T from) {
  if constexpr (!fresh)
    put<false>(to, widened(from));
  else if constexpr (holds_wide<T>)
    to = from;
  else
    to.bits = from.bits;
}

template <class T> inline void put_all(T* to, const Wide<T>* from, int64_t n) {
  if constexpr (holds_wide<T>) {
    memcpy(to, from, size_t(n) * sizeof(T));
  } else {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) to[i] = narrowed<T>(from[i]);
  }
}

template <class T> inline void add_all(T* to, const Wide<T>* from, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) put<false>(to[i], from[i]);
}

/// Has work(values) make n elements, at most `most`. The values are `to` itself or, where it would round each result on
/// the way, a strip that ends up there; they are what `to` held, unless they are `fresh`.
template <bool fresh, int64_t most, class T, class Work> inline void make_values(T* to, int64_t n, Work work) {
  if constexpr (holds_wide<T>) {
    work(to);
  } else {
    Wide<T> strip[most];
    if constexpr (!fresh) {
#pragma omp simd
      for (int64_t i = 0; i < n; i++) strip[i] = widened(to[i]);
    }
    work(strip);
    put_all(to, strip, n);
  }
}

/// n elements become, or grow by, what make(values, from, count) makes of `count` of them behind `from`: in strips that
/// stay in the first-level cache, so that a loop is compiled for each way to make values, and not again for each way
/// to store them.
template <class T, class Make> inline void put_strips(T* to, int64_t n, bool fresh, Make make) {
  constexpr int64_t most = 512;
  Wide<T> strip[most];
  for (int64_t from = 0; from < n; from += most) {
    const int64_t count = least(most, n - from);
    Wide<T>* const values = holds_wide<T> && fresh ? (Wide<T>*)(to + from) : strip;
    make(values, from, count);
    if (values != strip) continue;
    if (fresh)
      put_all(to + from, strip, count);
    else
      add_all(to + from, strip, count);
  }
}

/// Copies or adds `runs` stretches of `length` elements that lie strides apart.
template <bool fresh, class T>
inline void put_runs(T* to, int64_t to_stride, const T* from, int64_t from_stride, int64_t runs, int64_t length) {
  constexpr int64_t short_run = 16;  // under this, starting a vector loop costs more than it gains
  if (length < short_run)
    return in_pieces(runs, [=](int64_t first, int64_t last) {
      for (int64_t run = first; run < last; run++)
        for (int64_t i = 0; i < length; i++) put_copy<fresh>(to[run * to_stride + i], from[run * from_stride + i]);
    });
  in_runs(runs, length, [=](int64_t run, int64_t begin, int64_t end) {
    T* const run_to = to + run * to_stride;
    const T* const run_from = from + run * from_stride;
#pragma omp simd
    for (int64_t i = begin; i < end; i++) put_copy<fresh>(run_to[i], run_from[i]);
  });
}

}  // namespace gatun::GATUN_LEVEL
