// One new token a sequence: its key and value enter the caches, then its query attends to all that is there. Bound by
// the caches' memory, so all loads of a lane are asked for together: a few lanes share a key, the groups of a block
// share a part of the keys, and where few heads would leave the device idle the parts of a head are blocks of their
// own, whose sums meet in a second launch.
#include <algorithm>

#include "long_heads.cuh"
#include "loops.cuh"

namespace gatun {

using namespace attention;

namespace {

constexpr int threads = 128, warps = threads / 32, keys_at_once = 4;

/// What some lanes know of a query after some of its keys; a lane has `count` columns of the sum.
template <class W, int count> struct Attended {
  W max = -W(INFINITY), sum = 0, y[count] = {};

  GATUN_DEVICE void rescale(W to) {
    const W factor = max == to ? W(1) : exp(max - to);
    max = to;
    sum *= factor;
    for (int i = 0; i < count; i++) y[i] *= factor;
  }
  GATUN_DEVICE void add(Attended other) {
    const W most = other.max > max ? other.max : max;
    rescale(most);
    other.rescale(most);
    sum += other.sum;
    for (int i = 0; i < count; i++) y[i] += other.y[i];
  }
};

/// What several have found of one column of a query: max, sum and columns of each lie one behind the other, in shared
/// memory or in a partial result.
template <class W, class Read>
GATUN_DEVICE Attended<W, 1> joined(const W* from, int64_t several, int64_t cols, int64_t column, Read read) {
  Attended<W, 1> all;
  for (int64_t i = 0; i < several; i++, from += 2 + cols) {
    Attended<W, 1> one;
    one.max = read(from);
    one.sum = read(from + 1);
    one.y[0] = read(from + 2 + column);
    all.add(one);
  }
  return all;
}

/// Of the part of a head's keys: what one group of `lanes` neighbouring lanes attends to.
template <class T, template <class> class Piece>
GATUN_DEVICE auto attend_part(const Decode<T>& a, int64_t r, int64_t position, int64_t from, int64_t to, int lanes) {
  using W = Wide<T>;
  constexpr int count = Piece<T>::count;
  const int64_t cols = a.heads.head_size;
  const int column = (thread_index() & (lanes - 1)) * count, group = thread_index() / lanes, groups = threads / lanes;
  const bool mine = column < cols;
  const auto piece_of = [&](const T* row) { return load(reinterpret_cast<const Piece<T>*>(row + column)); };
  const auto of_token = [&](Part part) { return a.qkv + packed(a.heads, r, part, 0); };
  const Piece<T> query = mine ? piece_of(of_token(query_part)) : Piece<T>{};
  Attended<W, count> running;
  for (int64_t first = from; first < to; first += groups * keys_at_once) {
    Piece<T> keys[keys_at_once] = {}, values[keys_at_once] = {};
    GATUN_UNROLL
    for (int u = 0; u < keys_at_once; u++) {
      const int64_t t = first + u * groups + group, at = (r * a.capacity + t) * cols;
      if (t >= to || !mine) continue;
      keys[u] = piece_of(t == position ? of_token(key_part) : a.keys + at);
      values[u] = piece_of(t == position ? of_token(value_part) : a.values + at);
      if (t != position) continue;
      store(reinterpret_cast<Piece<T>*>(a.keys + at + column), keys[u]);
      store(reinterpret_cast<Piece<T>*>(a.values + at + column), values[u]);
    }
    W scores[keys_at_once], most = running.max;
    GATUN_UNROLL
    for (int u = 0; u < keys_at_once; u++) {
      W sum = 0;
      for (int i = 0; i < count; i++) sum += widened(query.at[i]) * widened(keys[u].at[i]);
      for (int mask = lanes / 2; mask; mask /= 2) sum += shuffle_xor(sum, mask);
      scores[u] = first + u * groups + group < to ? a.scale * sum : -W(INFINITY);
      most = scores[u] > most ? scores[u] : most;
    }
    if (first + group >= to) continue;
    running.rescale(most);
    GATUN_UNROLL
    for (int u = 0; u < keys_at_once; u++) {
      const W weight = exp(scores[u] - most);
      running.sum += weight;
      for (int i = 0; i < count; i++) running.y[i] += weight * widened(values[u].at[i]);
    }
  }
  return running;
}

/// A block for each part of each head's keys. What it finds becomes the output where there is one part only.
template <class T, template <class> class Piece> GATUN_KERNEL(threads, 4)
attention_decode_parts(Decode<T> a, int64_t parts, int lanes, Wide<T>* partial) {
  using W = Wide<T>;
  constexpr int count = Piece<T>::count;
  const int64_t cols = a.heads.head_size, position = load(a.position);
  const auto [r, part] = loops::split(block_x(), parts);
  if (position < 0 || position >= a.capacity) return;
  const int64_t keys = position + 1, from = keys * part / parts, to = keys * (part + 1) / parts;
  auto found = attend_part<T, Piece>(a, r, position, from, to, lanes);
  for (int mask = lanes; mask < 32; mask *= 2) {
    Attended<W, count> other;
    other.max = shuffle_xor(found.max, mask);
    other.sum = shuffle_xor(found.sum, mask);
    for (int i = 0; i < count; i++) other.y[i] = shuffle_xor(found.y[i], mask);
    found.add(other);
  }
  W *const shared = reinterpret_cast<W*>(shared_memory()), *const of_warp = shared + warp_index() * (2 + cols);
  if (lane_index() < lanes && lane_index() * count < cols) {
    if (lane_index() == 0) {
      shared_store(of_warp, found.max);
      shared_store(of_warp + 1, found.sum);
    }
    for (int i = 0; i < count; i++) shared_store(of_warp + 2 + lane_index() * count + i, found.y[i]);
  }
  block_barrier();
  for (int64_t column = thread_index(); column < cols; column += threads) {
    const auto all = joined(shared, warps, cols, column, [](const W* from) { return shared_load(from); });
    if (parts == 1) {
      store(a.y + output(a.heads, r, 0) + column, narrowed<T>(all.y[0] / all.sum));
      continue;
    }
    W* const of_part = partial + block_x() * (2 + cols);
    if (column == 0) {
      store(of_part, all.max);
      store(of_part + 1, all.sum);
    }
    store(of_part + 2 + column, all.y[0]);
  }
}

/// A block for each head.
template <class T> GATUN_KERNEL(threads, 4) attention_decode_join(Decode<T> a, int64_t parts, const Wide<T>* partial) {
  using W = Wide<T>;
  const int64_t cols = a.heads.head_size, r = block_x(), position = load(a.position);
  if (position < 0 || position >= a.capacity) return;
  for (int64_t column = thread_index(); column < cols; column += threads) {
    const auto all =
        joined(partial + r * parts * (2 + cols), parts, cols, column, [](const W* from) { return load(from); });
    store(a.y + output(a.heads, r, 0) + column, narrowed<T>(all.y[0] / all.sum));
  }
}

/// Of the sizes alone, so that a head has the same bits on every device.
int64_t parts_of(int64_t heads, int64_t capacity) {
  constexpr int64_t worth_a_block = 128, many_blocks = 512;
  return std::clamp<int64_t>(std::min(capacity / worth_a_block, many_blocks / heads), 1, 64);
}

template <class T, template <class> class Piece> void decode_by_parts(gatun_stream& stream, const Decode<T>& a) {
  using W = Wide<T>;
  const int64_t rows = a.heads.rows(), cols = a.heads.head_size, parts = parts_of(rows, a.capacity);
  int lanes = 1;
  while (lanes * Piece<T>::count < cols) lanes *= 2;
  const int64_t bytes = (2 + cols) * static_cast<int64_t>(sizeof(W));
  W* const partial = parts > 1 ? reinterpret_cast<W*>(stream.workspace.at_least(rows * parts * bytes)) : nullptr;
  GATUN_LAUNCH(stream, (attention_decode_parts<T, Piece>), dim3(static_cast<unsigned>(rows * parts)), threads,
               warps * bytes, a, parts, lanes, partial);
  if (parts > 1)
    GATUN_LAUNCH(stream, attention_decode_join<T>, dim3(static_cast<unsigned>(rows)), threads, 0, a, parts,
                 static_cast<const W*>(partial));
}

}  // namespace

void attention_decode(gatun_stream& stream, void* y, void* keys, void* values, const void* qkv, const int32_t* position,
                      int64_t batch, int64_t heads, int64_t capacity, int64_t head_size, double scale,
                      gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    const Decode<T> a{(T*)y,         (T*)keys,      (T*)values,
                      (const T*)qkv, position,      {batch, 1, heads, head_size, true, nullptr, 0},
                      capacity,      Wide<T>(scale)};
    if (a.heads.rows() == 0) return;
    const bool vectors = head_size % Vector<T>::count == 0 && aligned(y, keys, values, qkv);
    if (vectors && head_size <= 32 * Vector<T>::count)
      decode_by_parts<T, Vector>(stream, a);
    else if (head_size <= 32)
      decode_by_parts<T, One>(stream, a);
    else
      decode_by_rows(stream, a);
  });
}

}  // namespace gatun
