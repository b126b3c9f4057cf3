// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011) on a device: 10 rounds that turn a 128-bit counter into four
// 32-bit words. The key is the seed (low half first). The counter's lower half counts blocks of four words, its upper
// half is the sequence: word j of a sequence is word j % 4 of block j / 4, whoever asks for it.
#pragma once
#include "device.cuh"

namespace gatun {

struct Sequence {
  uint64_t seed, number;
};

GATUN_DEVICE void philox(uint32_t words[4], uint64_t block, Sequence sequence) {
  uint32_t key_low = static_cast<uint32_t>(sequence.seed), key_high = static_cast<uint32_t>(sequence.seed >> 32);
  uint32_t w0 = static_cast<uint32_t>(block), w1 = static_cast<uint32_t>(block >> 32);
  uint32_t w2 = static_cast<uint32_t>(sequence.number), w3 = static_cast<uint32_t>(sequence.number >> 32);
  for (int round = 0; round < 10; round++) {
    const uint64_t a = uint64_t{0xD2511F53u} * w0, b = uint64_t{0xCD9E8D57u} * w2;
    w0 = static_cast<uint32_t>(b >> 32) ^ w1 ^ key_low;
    w1 = static_cast<uint32_t>(b);
    w2 = static_cast<uint32_t>(a >> 32) ^ w3 ^ key_high;
    w3 = static_cast<uint32_t>(a);
    key_low += 0x9E3779B9u;
    key_high += 0xBB67AE85u;
  }
  words[0] = w0;
  words[1] = w1;
  words[2] = w2;
  words[3] = w3;
}

/// From 0 to 1 in steps of 2^-53: all of the high word, which comes first, and 21 bits of the low one.
GATUN_DEVICE double share_of(const uint32_t* words) {
  constexpr double high_step = 0x1p-22, low_step = 0x1p-53;
  const double tail = static_cast<int32_t>((words[0] & 0x3ffu) << 21 | words[1] >> 11) * low_step;
  return fused(static_cast<double>(static_cast<int32_t>(words[0] >> 10)), high_step, tail);
}

}  // namespace gatun
