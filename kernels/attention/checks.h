// What the doors of attention, and of blocks that hold one, refuse.
#pragma once
#include <cmath>

#include "door.h"

namespace gatun {

inline void check_scale(double scale) { require(std::isfinite(scale), "scale is ", scale, "; it must be finite"); }

/// What attention over whole sequences, its pullback and the blocks around them refuse of their numbers.
inline void check_attention(gatun_stream* stream, int64_t batch, int64_t context, int64_t heads, int64_t head_size,
                            double scale, int32_t causal, gatun_dtype dtype) {
  check(stream);
  computes_in(dtype);
  sizes({{"batch", batch}, {"context", context}});
  positive({{"heads", heads}, {"head_size", head_size}});
  check_scale(scale);
  one_of("causal", causal, 2);
}

/// Bounds are counted in int32, as tokens are.
inline void check_documents(gatun_stream* stream, const int32_t* bounds, int64_t documents, int64_t positions) {
  sizes({{"documents", documents}});
  if (!bounds) return require(documents == 0, "documents is ", documents, " but bounds is null; then it must be 0");
  require(documents > 0 || positions == 0, "documents is 0, but bounds are given and there are ", positions,
          " positions");
  require(positions <= std::numeric_limits<int32_t>::max(), "bounds cannot count batch * context = ", positions,
          " positions");
  in_range(stream, "bounds", bounds, documents + 1, positions + 1);
}

}  // namespace gatun
