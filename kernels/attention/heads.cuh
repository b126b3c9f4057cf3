// How the heads of a layer lie in memory: queries, keys and values packed (batch, context, 3, heads, head_size), the
// output (batch, context, heads, head_size), row statistics (batch, heads, context); and which positions see each
// other.
#pragma once
#include "device.cuh"

namespace gatun::attention {

struct Heads {
  int64_t batch, context, heads, head_size;
  bool causal;
  const int32_t* bounds;  // of documents, as tokens of all sequences; null where a sequence is one document
  int64_t documents;

  GATUN_ANYWHERE int64_t width() const { return heads * head_size; }
  /// A pair is one head of one sequence.
  GATUN_ANYWHERE int64_t pairs() const { return batch * heads; }
  GATUN_ANYWHERE int64_t rows() const { return pairs() * context; }
};

enum Part { query_part = 0, key_part = 1, value_part = 2 };

/// Where a pair's part of position t begins in a packed row.
GATUN_DEVICE int64_t packed(const Heads& h, int64_t pair, Part part, int64_t t) {
  return ((pair / h.heads * h.context + t) * 3 + part) * h.width() + pair % h.heads * h.head_size;
}

GATUN_DEVICE int64_t output(const Heads& h, int64_t pair, int64_t t) {
  return (pair / h.heads * h.context + t) * h.width() + pair % h.heads * h.head_size;
}

/// The positions from `first` to before `last`.
struct Span {
  int first, last;
  GATUN_DEVICE bool has(int t) const { return t >= first && t < last; }
};

GATUN_DEVICE int clamped(int64_t t, int64_t low, int64_t high) {
  return static_cast<int>(t < low ? low : t > high ? high : t);
}

/// The positions of t's document that are in its sequence. Whatever the bounds say, t is among them and all exist.
GATUN_DEVICE Span document_of(const Heads& h, int64_t sequence, int64_t t) {
  if (!h.bounds) return {0, static_cast<int>(h.context)};
  const int64_t start = sequence * h.context;
  int64_t low = 0, high = h.documents;  // the document is one from `low` to before `high`
  while (high - low > 1) {
    const int64_t middle = (low + high) / 2;
    (load(h.bounds + middle) <= start + t ? low : high) = middle;
  }
  const int64_t first = load(h.bounds + low) - start, last = load(h.bounds + low + 1) - start;
  return {clamped(first, 0, t), clamped(last, t + 1, h.context)};
}

/// The keys that query t attends to.
GATUN_DEVICE Span keys_of(const Heads& h, int64_t sequence, int64_t t) {
  auto span = document_of(h, sequence, t);
  if (h.causal) span.last = static_cast<int>(t) + 1;
  return span;
}

/// The queries that attend to key t.
GATUN_DEVICE Span queries_of(const Heads& h, int64_t sequence, int64_t t) {
  auto span = document_of(h, sequence, t);
  if (h.causal) span.first = static_cast<int>(t);
  return span;
}

}  // namespace gatun::attention
