#include <cstring>

#include "intrinsics.h"
#include "thread.h"

namespace gatun {
namespace {

struct Fragments {
  uint32_t a[4], b[2];
  float d[4];
};

float low(uint32_t pair) {
  const uint32_t bits = pair << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
float high(uint32_t pair) {
  const uint32_t bits = pair & 0xffff0000u;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

/// Gathers the fragments of 32 lanes into matrices, multiplies, and deals the sums out again.
void multiply(emulator::Slots& slots) {
  float a[16][16], b[16][8], d[16][8];
  Fragments fragments[32];
  for (int lane = 0; lane < 32; lane++) {
    auto& f = fragments[lane];
    std::memcpy(&f, slots[lane], sizeof f);
    const int group = lane / 4, pair = lane % 4 * 2;
    for (int i = 0; i < 4; i++) {
      const int row = group + i % 2 * 8, column = pair + i / 2 * 8;
      a[row][column] = low(f.a[i]);
      a[row][column + 1] = high(f.a[i]);
    }
    for (int i = 0; i < 2; i++) {
      b[pair + i * 8][group] = low(f.b[i]);
      b[pair + i * 8 + 1][group] = high(f.b[i]);
    }
    for (int i = 0; i < 4; i++) d[group + i / 2 * 8][pair + i % 2] = f.d[i];
  }
  for (int row = 0; row < 16; row++) {
    float sums[8] = {};
    for (int k = 0; k < 16; k++)
      for (int column = 0; column < 8; column++) sums[column] += a[row][k] * b[k][column];
    for (int column = 0; column < 8; column++) d[row][column] += sums[column];
  }
  for (int lane = 0; lane < 32; lane++) {
    auto& f = fragments[lane];
    for (int i = 0; i < 4; i++) f.d[i] = d[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
    std::memcpy(slots[lane], &f, sizeof f);
  }
}

}  // namespace

void multiply_fragments(float d[4], const uint32_t a[4], const uint32_t b[2]) {
  Fragments f;
  std::memcpy(f.a, a, sizeof f.a);
  std::memcpy(f.b, b, sizeof f.b);
  std::memcpy(f.d, d, sizeof f.d);
  emulator::note_product();
  const auto& slots = emulator::meet_warp(&f, sizeof f, multiply, "mma");
  std::memcpy(&f, slots[lane_index()], sizeof f);
  std::memcpy(d, f.d, sizeof f.d);
}

}  // namespace gatun
