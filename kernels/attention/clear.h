// Zeros where a query does not see a key: in a tile of weights, or of what is proportional to them.
#pragma once
#include "body.h"
#include "tiles.h"

namespace gatun::GATUN_LEVEL {

enum class Queries { in_rows, in_lanes };

/// On the diagonal a query neither sees nor moves the keys behind it.
template <Queries queries, class W> void clear_later_keys(W* scores, int64_t count) {
  for (int64_t r = 0; r < count; r++)
    if constexpr (queries == Queries::in_rows)
      for (int64_t later = r + 1; later < count; later++) scores[r * tile + later] = 0;
    else
      for (int64_t earlier = 0; earlier < r; earlier++) scores[r * tile + earlier] = 0;
}

/// Nor does it the keys of other documents.
template <class W> void clear_other_documents(W* scores, const int32_t* first, Span rows, Span columns) {
  for (int64_t r = 0; r < rows.count; r++)
#pragma omp simd
    for (int64_t c = 0; c < columns.count; c++)
      scores[r * tile + c] = first[rows.start + r] == first[columns.start + c] ? scores[r * tile + c] : W(0);
}

}  // namespace gatun::GATUN_LEVEL
