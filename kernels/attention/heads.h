// How the heads of a layer lie in memory: queries, keys and values packed (batch, context, 3, heads, head_size), the
// output (batch, context, heads, head_size), row statistics (batch, heads, context).
#pragma once
#include "body.h"

namespace gatun::GATUN_LEVEL {

struct Heads {
  int64_t batch, context, heads, head_size;
  bool causal;

  /// A pair is one head of one sequence.
  int64_t pairs() const { return batch * heads; }
  int64_t width() const { return heads * head_size; }
};

/// Row t begins at at[t * stride].
template <class T> struct Rows {
  T* at;
  int64_t stride;
  Rows from(int64_t t) const { return {at + t * stride, stride}; }
};

enum Part { query_part = 0, key_part = 1, value_part = 2 };

template <class T> inline Rows<T> packed_rows(T* qkv, const Heads& h, int64_t pair, Part part) {
  const int64_t stride = 3 * h.width();
  return {qkv + pair / h.heads * h.context * stride + part * h.width() + pair % h.heads * h.head_size, stride};
}

template <class T> inline Rows<T> output_rows(T* y, const Heads& h, int64_t pair) {
  return {y + pair / h.heads * h.context * h.width() + pair % h.heads * h.head_size, h.width()};
}

}  // namespace gatun::GATUN_LEVEL
