/* Random numbers are the same everywhere: a Philox written here passes the known answers of Random123 and says which
 * words the library must have used; the bits of normals are pinned. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gatun.h"

static int failures = 0;

static void expect(int holds, const char* claim) {
  if (holds) return;
  fprintf(stderr, "not so: %s (last error: %s)\n", claim, gatun_last_error());
  failures++;
}

static void philox(uint32_t w[4], uint32_t low, uint32_t high) {
  for (int round = 0; round < 10; round++) {
    const uint64_t a = (uint64_t)0xD2511F53u * w[0], b = (uint64_t)0xCD9E8D57u * w[2];
    w[0] = (uint32_t)(b >> 32) ^ w[1] ^ low;
    w[1] = (uint32_t)b;
    w[2] = (uint32_t)(a >> 32) ^ w[3] ^ high;
    w[3] = (uint32_t)a;
    low += 0x9E3779B9u;
    high += 0xBB67AE85u;
  }
}

static void philox_gives_the_known_answers(void) {
  static const uint32_t cases[3][10] = {{0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
                                        {~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
                                        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0,
                                         0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}};
  for (int i = 0; i < 3; i++) {
    uint32_t words[4];
    memcpy(words, cases[i], sizeof words);
    philox(words, cases[i][4], cases[i][5]);
    expect(!memcmp(words, cases[i] + 6, sizeof words), "Philox gives the known answers");
  }
}

static uint32_t word(const int64_t key[2], uint64_t index) {
  const uint64_t block = index / 4, seed = (uint64_t)key[0], sequence = (uint64_t)key[1];
  uint32_t w[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)sequence, (uint32_t)(sequence >> 32)};
  philox(w, (uint32_t)seed, (uint32_t)(seed >> 32));
  return w[index % 4];
}

enum { N = 5000 };

static void uniforms_and_signs_are_words_of_the_sequence(gatun_stream* stream, const int64_t key[2], int64_t first) {
  static float narrow[N], sign[N];
  static double wide[N];
  expect(!gatun_random_uniform(stream, narrow, key, first, N, 0, 1, GATUN_F32), "fp32 uniforms are made");
  expect(!gatun_random_uniform(stream, wide, key, first, N, 0, 1, GATUN_F64), "fp64 uniforms are made");
  expect(!gatun_random_sign(stream, sign, key, first, N, GATUN_F32), "signs are made");
  int narrow_right = 1, wide_right = 1, sign_right = 1;
  for (int i = 0; i < N; i++) {
    const uint64_t at = (uint64_t)first + (uint64_t)i;
    const uint32_t own = word(key, at);
    const uint64_t both = (uint64_t)word(key, 2 * at) << 32 | word(key, 2 * at + 1);
    narrow_right &= narrow[i] == (float)(own >> 8) * 0x1p-24f;
    wide_right &= wide[i] == (double)(both >> 11) * 0x1p-53;
    sign_right &= sign[i] == (own >> 31 ? -1.0f : 1.0f);
  }
  expect(narrow_right, "fp32 uniforms are the top 24 bits of their words");
  expect(wide_right, "fp64 uniforms are the top 53 bits of their two words");
  expect(sign_right, "signs are the top bits of their words");
}

/** 64-bit FNV-1a over the bytes. */
static uint64_t hash(const void* data, size_t bytes) {
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < bytes; i++) h = (h ^ ((const unsigned char*)data)[i]) * 0x100000001b3u;
  return h;
}

static void normals_have_their_pinned_bits(gatun_stream* stream) {
  enum { COUNT = 100000 };
  static float narrow[COUNT], part[COUNT];
  static double wide[COUNT];
  const int64_t key[2] = {1337, 7};
  expect(!gatun_random_normal(stream, narrow, key, 3, COUNT, 0.25, 0.02, GATUN_F32), "fp32 normals are made");
  expect(!gatun_random_normal(stream, wide, key, 3, COUNT, 0.25, 0.02, GATUN_F64), "fp64 normals are made");
  expect(!gatun_random_normal(stream, part, key, 1004, 50, 0.25, 0.02, GATUN_F32), "a part of them is made");
  expect(!memcmp(part, narrow + 1001, 50 * sizeof(float)), "a part of a sequence equals that part of the whole");
  printf("normals: fp32 %016llx, fp64 %016llx\n", (unsigned long long)hash(narrow, sizeof narrow),
         (unsigned long long)hash(wide, sizeof wide));
  expect(hash(narrow, sizeof narrow) == 0x1443b7026da09c92u, "fp32 normals have their pinned bits");
  expect(hash(wide, sizeof wide) == 0xf87f7b4d7f9e534eu, "fp64 normals have their pinned bits");
}

int main(void) {
  enum { SKIPPED = 77 };
  gatun_device* device = NULL;
  gatun_stream* stream = NULL;
  if (gatun_device_open(&device, 0, 0) || gatun_stream_open(device, &stream)) {
    printf("skipped: %s\n", gatun_last_error());
    return SKIPPED;
  }
  philox_gives_the_known_answers();
  uniforms_and_signs_are_words_of_the_sequence(stream, (const int64_t[]){0, 0}, 0);
  uniforms_and_signs_are_words_of_the_sequence(stream, (const int64_t[]){-5, INT64_MIN}, ((int64_t)1 << 34) - 77);
  normals_have_their_pinned_bits(stream);
  gatun_device_close(device);
  return failures ? 1 : 0;
}
