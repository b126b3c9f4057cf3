// y[b,t] = token_table[tokens[b,t]] + position_table[first + t]. Reads 2 and writes 1 times batch*context*cols; bound
// by memory. The pullback adds rows of dy into the rows they came from. Trap: many rows of dy fall on one token, so it
// is the table that is shared out among the threads: each element has one owner, who adds in the order of the tokens.
// The bits depend neither on the number of threads nor on who owns what.
#include <omp.h>

#include "body.h"

namespace gatun::GATUN_LEVEL {
namespace {

template <class T> inline void add(Wide<T>* to, const T* from, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) to[i] += widened(from[i]);
}

template <class T> void forward(T* y, const T* token_table, const T* position_table, const int32_t* tokens,
                                int64_t first, int64_t batch, int64_t context, int64_t cols) {
#pragma omp parallel for schedule(static) if (batch * context * cols >= worth_a_team)
  for (int64_t r = 0; r < batch * context; r++) {
    const T* token = token_table + tokens[r] * cols;
    const T* position = position_table + (first + r % context) * cols;
    T* row = y + r * cols;
#pragma omp simd
    for (int64_t c = 0; c < cols; c++) row[c] = narrowed<T>(widened(token[c]) + widened(position[c]));
  }
}

/// A span of a table row that belongs to one thread: short enough that a frequent token does not fall to a single one.
constexpr int64_t span = 256;

template <class T> void token_gradient(Wide<T>* dtable, const T* dy, const int32_t* tokens, int64_t rows, int64_t cols,
                                       int64_t vocab, bool fresh) {
  const int64_t spans = (cols + span - 1) / span;
#pragma omp parallel if (rows * cols >= worth_a_team || (fresh && vocab * cols >= worth_a_team))
  {
    const int64_t me = omp_get_thread_num(), team = omp_get_num_threads();
    if (fresh) {
#pragma omp for schedule(static)
      for (int64_t v = 0; v < vocab; v++) memset(dtable + v * cols, 0, size_t(cols) * sizeof(Wide<T>));
    }
    for (int64_t r = 0; r < rows; r++) {
      const int64_t before = tokens[r] * spans % team;
      for (int64_t s = (me - before + team) % team; s < spans; s += team) {
        const int64_t from = s * span, width = cols - from < span ? cols - from : span;
        add(dtable + tokens[r] * cols + from, dy + r * cols + from, width);
      }
    }
  }
}

template <class T> void position_gradient(Wide<T>* dtable, const T* dy, int64_t batch, int64_t context, int64_t cols,
                                          int64_t positions, bool fresh) {
#pragma omp parallel for schedule(static) if (batch * context * cols >= worth_a_team)
  for (int64_t p = 0; p < positions; p++) {
    Wide<T>* row = dtable + p * cols;
    if (fresh) memset(row, 0, size_t(cols) * sizeof(Wide<T>));
    if (p >= context) continue;
    for (int64_t b = 0; b < batch; b++) add(row, dy + (b * context + p) * cols, cols);
  }
}

}  // namespace

void embedding_forward(gatun_stream&, void* y, const void* token_table, const void* position_table,
                       const int32_t* tokens, const int32_t* first, int64_t batch, int64_t context, int64_t cols,
                       int64_t, int64_t, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    forward((T*)y, (const T*)token_table, (const T*)position_table, tokens, first ? *first : 0, batch, context, cols);
  });
}

void embedding_pullback(gatun_stream&, void* dtoken_table, void* dposition_table, const void* dy, const int32_t* tokens,
                        int64_t batch, int64_t context, int64_t cols, int64_t vocab, int64_t positions, int32_t fresh,
                        gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    if (dtoken_table)
      token_gradient((Wide<T>*)dtoken_table, (const T*)dy, tokens, batch * context, cols, vocab, is_fresh(fresh, 0));
    if (dposition_table)
      position_gradient((Wide<T>*)dposition_table, (const T*)dy, batch, context, cols, positions, is_fresh(fresh, 1));
  });
}

}  // namespace gatun::GATUN_LEVEL
