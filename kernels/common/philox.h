// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011): 10 rounds that turn a 128-bit counter into four 32-bit words.
// The key is the seed (low half first). The counter's lower half counts blocks of four words, its upper half is the
// sequence: word j of a sequence is word j % 4 of block j / 4, whoever asks for it.
#pragma once
#include <immintrin.h>

#include "body.h"

namespace gatun::GATUN_LEVEL {

struct Sequence {
  uint64_t seed, number;
};

/// Blocks that one vector turns, a word of each in the lower half of 64 bits: there a product with 32 more bits is one
/// instruction, whose upper half is the high word of the product. What stands in upper halves means nothing.
#if defined(__AVX512F__)
constexpr int blocks_at_once = 8;
#elif defined(__AVX2__)
constexpr int blocks_at_once = 4;
#else
constexpr int blocks_at_once = 2;
#endif
typedef uint64_t Blocks __attribute__((vector_size(8 * blocks_at_once)));
typedef int64_t Places __attribute__((vector_size(8 * blocks_at_once)));

/// Products of lower halves.
inline Blocks products(Blocks words, uint32_t factor) {
  const Blocks factors = Blocks{} + factor;
#if defined(__AVX512F__)
  return Blocks(_mm512_maskz_mul_epu32(0xff, __m512i(words), __m512i(factors)));
#elif defined(__AVX2__)
  return Blocks(_mm256_mul_epu32(__m256i(words), __m256i(factors)));
#else
  return Blocks(_mm_mul_epu32(__m128i(words), __m128i(factors)));
#endif
}

/// Four words of each block, those of a block beside each other.
inline void turn(Blocks (&words)[2], Blocks block, Sequence sequence) {
  uint32_t key_low = uint32_t(sequence.seed), key_high = uint32_t(sequence.seed >> 32);
  Blocks w0 = block, w1 = block >> 32, w2 = Blocks{} + sequence.number, w3 = Blocks{} + (sequence.number >> 32);
#pragma GCC unroll 10
  for (int round = 0; round < 10; round++) {
    const Blocks a = products(w0, 0xD2511F53u), b = products(w2, 0xCD9E8D57u);
    w0 = (b >> 32) ^ w1 ^ uint64_t { key_low };
    w1 = b;
    w2 = (a >> 32) ^ w3 ^ uint64_t { key_high };
    w3 = a;
    key_low += 0x9E3779B9u;
    key_high += 0xBB67AE85u;
  }
  constexpr uint64_t lower = 0xffffffffu;
  const Blocks low = (w0 & lower) | w1 << 32, high = (w2 & lower) | w3 << 32;
  Places first, second;
  for (int i = 0; i < blocks_at_once; i++) {
    first[i] = i / 2 + i % 2 * blocks_at_once;
    second[i] = first[i] + blocks_at_once / 2;
  }
  words[0] = __builtin_shuffle(low, high, first);
  words[1] = __builtin_shuffle(low, high, second);
}

/// Writes the 4 * blocks words that begin with block `first`; halves of a word are its lower and then its upper one.
inline void philox(void* words, uint64_t first, int64_t blocks, Sequence sequence) {
  Blocks block, turned[2];
  for (int i = 0; i < blocks_at_once; i++) block[i] = first + uint64_t(i);
  char* to = static_cast<char*>(words);
  for (; blocks > 0; blocks -= blocks_at_once) {
    turn(turned, block, sequence);
    if (blocks >= blocks_at_once)
      memcpy(to, turned, sizeof(turned));
    else
      memcpy(to, turned, size_t(blocks) * 16);
    to += sizeof(turned);
    block += blocks_at_once;
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
