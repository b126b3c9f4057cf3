// Philox numbers as normals, uniforms and signs. Writes n; bound by arithmetic: ten rounds of Philox make four words,
// which one thread turns into the elements they belong to. Which words an element takes depends on its place in the
// sequence alone, as on the CPU: element i of a normal, a sign or an fp32 uniform takes word i; of an fp64 uniform
// words 2i (high half) and 2i + 1. In bf16 they are the fp32 numbers, rounded.
#include <cmath>

#include "loops.cuh"
#include "normal.cuh"
#include "philox.cuh"

namespace gatun {
namespace {

using loops::threads;

/// x[i] = map(the words of element first + i). `skipped` elements of the first block lie ahead of x.
template <class T, int words_each, class Map> GATUN_KERNEL(threads, 2)
random_blocks(T* x, const int64_t* key, uint64_t first_block, int64_t blocks, int64_t skipped, int64_t n, bool whole,
              Map map) {
  constexpr int each = 4 / words_each;
  struct alignas(each * sizeof(T) < 16 ? each * sizeof(T) : 16) Elements {
    T at[each * sizeof(T) < 16 ? each : 16 / sizeof(T)];
  };
  constexpr int count = sizeof(Elements) / sizeof(T);
  const Sequence sequence{static_cast<uint64_t>(load(key)), static_cast<uint64_t>(load(key + 1))};
  for (int64_t b = block_x() * threads + thread_index(); b < blocks; b += blocks_x() * threads) {
    uint32_t words[4];
    philox(words, first_block + b, sequence);
    const int64_t first = b * each - skipped;
    for (int e = 0; e < each; e += count) {
      Elements elements;
      for (int i = 0; i < count; i++) elements.at[i] = map(words + (e + i) * words_each);
      if (whole && first + e + count <= n)
        store(reinterpret_cast<Elements*>(x + first + e), elements);
      else
        for (int i = 0; i < count; i++)
          if (const int64_t at = first + e + i; at >= 0 && at < n) store(x + at, elements.at[i]);
    }
  }
}

template <int words_each, class T, class Map>
void fill_random(gatun_stream& stream, T* x, const int64_t* key, int64_t first, int64_t n, Map map) {
  if (n == 0) return;
  constexpr int64_t each = 4 / words_each;
  const int64_t skipped = first % each, blocks = loops::quotient_up(skipped + n, each);
  const bool whole = skipped == 0 && aligned(x);
  GATUN_LAUNCH(stream, (random_blocks<T, words_each, Map>), grid_for(stream, blocks, threads), threads, 0, x, key,
               static_cast<uint64_t>(first / each), blocks, skipped, n, whole, map);
}

/// A normal in fp64 is the fp32 one, widened before it is scaled: a model begun in fp64 has the weights of its fp32
/// twin.
template <class T> struct Normal {
  Wide<T> scale, shift;
  GATUN_DEVICE T operator()(const uint32_t* word) const {
    return narrowed<T>(fused(Wide<T>(standard_normal(*word)), scale, shift));
  }
};

/// Steps of 2^-24. Rounding may reach `high`, which is then replaced by the number below it.
struct UniformFloat {
  float low, high, last;
  GATUN_DEVICE float operator()(const uint32_t* word) const {
    const float range = product(difference(high, low), 0x1p-24f);
    const float value = fused(static_cast<float>(static_cast<int32_t>(*word >> 8)), range, low);
    return value < high ? value : last;
  }
};

/// The same between two numbers that bf16 holds.
struct UniformBf16 {
  float low, high;

  /// The largest below x.
  static GATUN_DEVICE bf16 below(bf16 x) {
    constexpr uint16_t sign = 0x8000, smallest = 1;
    if ((x.bits & ~sign) == 0) return {static_cast<uint16_t>(sign | smallest)};
    return {static_cast<uint16_t>(x.bits & sign ? x.bits + 1 : x.bits - 1)};
  }

  GATUN_DEVICE bf16 operator()(const uint32_t* word) const {
    const bf16 start = narrowed<bf16>(low), end = narrowed<bf16>(high);
    const float from = widened(start), to = widened(end);
    const bf16 value = narrowed<bf16>(UniformFloat{from, to, from}(word));
    return widened(value) < to ? value : from < to ? below(end) : start;
  }
};

/// Steps of 2^-53: all of the high word and 21 bits of the low one.
struct UniformDouble {
  double low, high, last;
  GATUN_DEVICE double operator()(const uint32_t* word) const {
    constexpr double high_step = 0x1p-22, low_step = 0x1p-53;
    const double tail = static_cast<int32_t>((word[0] & 0x3ffu) << 21 | word[1] >> 11) * low_step;
    const double share = fused(static_cast<double>(static_cast<int32_t>(word[0] >> 10)), high_step, tail);
    const double value = fused(share, high - low, low);
    return value < high ? value : last;
  }
};

template <class T> struct Sign {
  GATUN_DEVICE T operator()(const uint32_t* word) const {
    return narrowed<T>(static_cast<int32_t>(*word) < 0 ? Wide<T>(-1) : Wide<T>(1));
  }
};

}  // namespace

void random_normal(gatun_stream& stream, void* x, const int64_t* key, int64_t first, int64_t n, double mean,
                   double deviation, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    fill_random<1>(stream, (T*)x, key, first, n, Normal<T>{Wide<T>(deviation), Wide<T>(mean)});
  });
}

void random_uniform(gatun_stream& stream, void* x, const int64_t* key, int64_t first, int64_t n, double low,
                    double high, gatun_dtype dtype) {
  const float start = static_cast<float>(low), end = static_cast<float>(high);
  if (dtype == GATUN_F64)
    fill_random<2>(stream, (double*)x, key, first, n, UniformDouble{low, high, std::nextafter(high, low)});
  else if (dtype == GATUN_F32)
    fill_random<1>(stream, (float*)x, key, first, n, UniformFloat{start, end, std::nextafter(end, start)});
  else
    fill_random<1>(stream, (bf16*)x, key, first, n, UniformBf16{start, end});
}

void random_sign(gatun_stream& stream, void* x, const int64_t* key, int64_t first, int64_t n, gatun_dtype dtype) {
  by_type(dtype, [&](auto* t) {
    using T = GATUN_ELEMENT(t);
    fill_random<1>(stream, (T*)x, key, first, n, Sign<T>{});
  });
}

}  // namespace gatun
