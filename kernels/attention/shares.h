// Rows of a result to which share after share is added: in place; or, where storing would round each sum, in scratch
// memory, from which they are rounded once.
#pragma once
#include "body.h"
#include "heads.h"
#include "tiles.h"

namespace gatun::GATUN_LEVEL {

/// Numbers of scratch memory that `count` rows need.
template <class T> constexpr int64_t apart(int64_t count, int64_t cols) {
  return holds_wide<T> ? 0 : padded(count) * padded(cols);
}

/// What the shares are added to; where it is `scratch`, and not fresh, it begins with what is in the rows.
template <class T>
inline Rows<Wide<T>> sums_of(Rows<T> rows, Wide<T>* scratch, int64_t count, int64_t cols, bool fresh) {
  if constexpr (holds_wide<T>) {
    return rows;
  } else {
    if (!fresh) load_rows<T>(scratch, {rows.at, rows.stride}, count, cols);
    return {scratch, padded(cols)};
  }
}

/// After the last share.
template <class T> inline void keep_sums(Rows<T> rows, Rows<Wide<T>> sums, int64_t count, int64_t cols) {
  if constexpr (!holds_wide<T>) store_rows(rows, sums.at, count, cols, true);
}

}  // namespace gatun::GATUN_LEVEL
