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

}  // namespace gatun::GATUN_LEVEL
