// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011): 10 rounds that turn a 128-bit counter into four 32-bit words.
// The key is the seed (low half first). The counter's lower half counts blocks of four words, its upper half is the
// sequence: word j of a sequence is word j % 4 of block j / 4, whoever asks for it.
#pragma once
#include "body.h"

namespace gatun::GATUN_LEVEL {

struct Sequence {
  uint64_t seed, number;
};

inline uint32_t high_product(uint32_t a, uint32_t b) { return uint32_t(uint64_t(a) * b >> 32); }

/// Writes the 4 * blocks words that begin with block `first`.
inline void philox(uint32_t* words, uint64_t first, int64_t blocks, Sequence sequence) {
  const uint32_t first_low = uint32_t(first), first_high = uint32_t(first >> 32);
  const uint32_t number_low = uint32_t(sequence.number), number_high = uint32_t(sequence.number >> 32);
#pragma omp simd
  for (int32_t b = 0; b < int32_t(blocks); b++) {
    uint32_t key_low = uint32_t(sequence.seed), key_high = uint32_t(sequence.seed >> 32);
    uint32_t w0 = first_low + uint32_t(b), w1 = first_high + (w0 < first_low), w2 = number_low, w3 = number_high;
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
      const uint32_t high_a = high_product(0xD2511F53u, w0), low_a = 0xD2511F53u * w0;
      const uint32_t high_b = high_product(0xCD9E8D57u, w2), low_b = 0xCD9E8D57u * w2;
      w0 = high_b ^ w1 ^ key_low;
      w1 = low_b;
      w2 = high_a ^ w3 ^ key_high;
      w3 = low_a;
      key_low += 0x9E3779B9u;
      key_high += 0xBB67AE85u;
    }
    words[4 * b] = w0;
    words[4 * b + 1] = w1;
    words[4 * b + 2] = w2;
    words[4 * b + 3] = w3;
  }
}

/// Calls work(from, count, words) for tiles of n elements, whose words stay in the first cache: element first + from +
/// i of the sequence has the `words_each` words that begin with words[i * words_each].
template <int words_each, class Work> inline void over_words(const int64_t* key, int64_t first, int64_t n, Work work) {
  constexpr int64_t tile = 1024;
  const Sequence sequence{uint64_t(key[0]), uint64_t(key[1])};
#pragma omp parallel for schedule(static) firstprivate(work) if (n >= worth_a_team)
  for (int64_t from = 0; from < n; from += tile) {
    const int64_t count = n - from < tile ? n - from : tile;
    const uint64_t first_word = (uint64_t(first) + uint64_t(from)) * words_each;
    const int64_t skipped = int64_t(first_word % 4);
    uint32_t words[tile * words_each + 8];
    philox(words, first_word / 4, (skipped + count * words_each + 3) / 4, sequence);
    work(from, count, words + skipped);
  }
}

/// From 0 to 1 in steps of 2^-53: all of the high word, which comes first, and 21 bits of the low one.
inline double share_of(const uint32_t* words) {
  return double(int32_t(words[0] >> 10)) * 0x1p-22 +
         double(int32_t((words[0] & 0x3ffu) << 21 | words[1] >> 11)) * 0x1p-53;
}

}  // namespace gatun::GATUN_LEVEL
