// Scratch memory of a team of threads.
#pragma once
#include "body.h"

namespace gatun::GATUN_LEVEL {

/// Zeroed when new, aligned to 64 bytes, `bytes_each` for each of `threads`; the calling thread keeps it for its next
/// call. Throws std::bad_alloc before any work has started. Callers ask for tiles, whatever the context or the
/// rows: at most 17 tiles of 64 rows a thread in attention, one of 64 rows in a linear layer, or of 512 in bf16. More
/// ask documents in a row of attention, 8 bytes a position; and in bf16 attention's pullback, for the unrounded dq of a
/// head, the pullback of a gather, 8 bytes a row, and the head that keeps its gradient, 4 bytes a column and thread.
char* team_scratch(int64_t threads, int64_t bytes_each);

}  // namespace gatun::GATUN_LEVEL
