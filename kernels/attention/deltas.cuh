// delta = rowsum(dy * y), and other sums over the rows of arrays that lie as y does: a group of lanes a row, a power of
// two of them that are enough for its pieces or the whole warp; or one lane, which adds up in the order in which
// registers add up dy v: then what must cancel in a row of one key does.
#pragma once
#include "heads.cuh"

namespace gatun::attention {

constexpr int delta_threads = 256;

template <class P, class T> GATUN_DEVICE P piece_of(const T* array, int64_t piece) {
  return load(reinterpret_cast<const P*>(array) + piece);
}

template <class W, class P> GATUN_DEVICE void add_products(W& sum, const P& one, const P& other) {
  for (int e = 0; e < P::count; e++) sum = fma(widened(one.at[e]), widened(other.at[e]), sum);
}

/// add(sums, piece) for each of the `pieces` of a row, counted through all rows; then keep(row, sums), with the row as
/// statistics are counted.
template <class W, int count, class Add, class Keep>
GATUN_DEVICE void sum_rows(const Heads& h, int64_t pieces, int group, Add add, Keep keep) {
  const int64_t rows = h.rows(), in_block = delta_threads / group;
  for (int64_t first = block_x() * in_block; first < rows; first += blocks_x() * in_block) {
    // Rows of all heads of a position lie together: heads run fastest.
    const int64_t r = first + thread_index() / group;
    W sums[count] = {};
    if (r < rows)
      for (int64_t p = thread_index() % group; p < pieces; p += group) add(sums, r * pieces + p);
    for (int mask = group / 2; mask; mask /= 2) {
      GATUN_UNROLL
      for (int s = 0; s < count; s++) sums[s] += shuffle_xor(sums[s], mask);
    }
    if (r < rows && thread_index() % group == 0) {
      const int64_t head = r % h.heads, token = r / h.heads;
      const int64_t pair = token / h.context * h.heads + head;
      keep(pair * h.context + token % h.context, sums);
    }
  }
}

template <class T> int lanes_a_row(const Heads& h, bool vectors) {
  const int64_t pieces = h.head_size / (vectors ? Vector<T>::count : 1);
  int lanes = 1;
  if constexpr (std::is_same_v<T, bf16>)
    while (lanes < pieces && lanes < 32) lanes *= 2;
  return lanes;
}

}  // namespace gatun::attention
