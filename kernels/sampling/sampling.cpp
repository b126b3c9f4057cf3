// One label a row from softmax(logits), by the inverse of the cumulative sum. Reads the logits once from memory, and
// once or twice from cache. Trap: the sum is met again in another order, so rounding may pass the end: then it is the
// last label with a chance.
#include "philox.h"
#include "softmax.h"

namespace gatun::GATUN_LEVEL {
namespace {

/// The first label from `from` to `to` at which the sum of e^(x - top) exceeds `mass`, or the last with a chance.
template <class T> int64_t crossing(const T* row, int64_t from, int64_t to, Wide<T> top, double mass) {
  int64_t last = from;
  for (int64_t j = from; j < to; j++) {
    const double weight = double(fast_exp(widened(row[j]) - top));
    if (!(weight > 0)) continue;
    last = j;
    mass -= weight;
    if (mass < 0) break;
  }
  return last;
}

template <class T> int64_t label_of_row(const T* row, int64_t vocab, double share) {
  constexpr int64_t block = 1024;
  const Wide<T> top = largest(row, vocab);
  double ahead = share * sum_of_exponentials((T*)nullptr, row, vocab, top), mass = ahead;
  int64_t from = 0;
  for (int64_t start = 0; start < vocab; start += block) {
    const double inside =
        sum_of_exponentials((T*)nullptr, row + start, vocab - start < block ? vocab - start : block, top);
    if (!(inside > 0)) continue;
    from = start;
    mass = ahead;
    if (ahead < inside) break;
    ahead -= inside;
  }
  return crossing(row, from, vocab - from < block ? vocab : from + block, top, mass);
}

template <class T> int64_t sample(int32_t* labels, const T* logits, const int32_t* targets, const int64_t* key,
                                  int64_t first, const Rows& shape) {
  const Sequence sequence{uint64_t(key[0]), uint64_t(key[1])};
  int64_t counted = 0;
#pragma omp parallel for schedule(static) reduction(+ : counted) if (shape.rows * shape.vocab >= worth_a_team)
  for (int64_t r = 0; r < shape.rows; r++) {
    if (targets && targets[r] < 0) {
      labels[r] = -1;
      continue;
    }
    const uint64_t word = 2 * (uint64_t(first) + uint64_t(r));
    uint32_t words[4];
    philox(words, word / 4, 1, sequence);
    labels[r] = int32_t(label_of_row(logits + r * shape.stride, shape.vocab, share_of(words + word % 4)));
    counted++;
  }
  return counted;
}

}  // namespace

void sample_categorical(gatun_stream&, int32_t* labels, int64_t* counted, const void* logits, const int32_t* targets,
                        const int64_t* key, int64_t first, int64_t rows, int64_t vocab, int64_t stride,
                        gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    const int64_t drawn = sample(labels, (const T*)logits, targets, key, first, {rows, vocab, stride});
    if (counted) *counted += drawn;
  });
}

}  // namespace gatun::GATUN_LEVEL
