// Documents in a row: of the keys of its sequence a position sees those of its own document alone. Since documents lie
// one behind the other, a tile sees the tiles from that of its first document's start to that of its last one's end,
// and two positions are in one document when that starts at the same place.
#pragma once
#include "body.h"
#include "heads.h"
#include "tiles.h"

namespace gatun::GATUN_LEVEL {

/// Where the document of each position of one sequence starts and ends in that sequence. Null where it is all one.
struct Documents {
  const int32_t *first = nullptr, *end = nullptr;

  int64_t first_tile(Span of) const { return first ? first[of.start] / tile : 0; }
  int64_t end_tile(Span of, int64_t context) const { return tiles_in(first ? end[of.start + of.count - 1] : context); }

  /// Whether some position of one tile does not see some of the other.
  bool part(Span a, Span b) const {
    if (!first) return false;
    const Span earlier = a.start < b.start ? a : b, later = a.start < b.start ? b : a;
    return first[earlier.start] != first[later.start + later.count - 1];
  }
};

/// The documents of all sequences, in scratch memory of two numbers a position.
struct PackedDocuments {
  int32_t *first = nullptr, *end = nullptr;

  static int64_t bytes(const Heads& h, const int32_t* bounds) {
    return bounds ? 2 * h.batch * h.context * int64_t(sizeof(int32_t)) : 0;
  }

  /// A bound that lies before another one counts as if it stood there, and the last document ends with the last
  /// sequence. So each position is in one document, whatever the bounds.
  static PackedDocuments mark(char* scratch, const Heads& h, const int32_t* bounds, int64_t documents) {
    if (!bounds) return {};
    const int64_t positions = h.batch * h.context;
    int32_t *const first = (int32_t*)scratch, *const end = first + positions;
    int64_t start = 0;
    for (int64_t d = 1; d <= documents; d++) {
      const int64_t bound = d < documents && bounds[d] < positions ? bounds[d] : positions;
      const int64_t stop = bound < start ? start : bound;
      for (int64_t p = start; p < stop; p++) {
        const int64_t sequence = p / h.context * h.context, rest = stop - sequence;
        first[p] = int32_t(start < sequence ? 0 : start - sequence);
        end[p] = int32_t(rest < h.context ? rest : h.context);
      }
      start = stop;
    }
    return {first, end};
  }

  Documents of(const Heads& h, int64_t pair) const {
    const int64_t sequence = pair / h.heads * h.context;
    return first ? Documents{first + sequence, end + sequence} : Documents{};
  }
};

}  // namespace gatun::GATUN_LEVEL
