// Philox numbers as normals, uniforms and signs. Writes n; bound by arithmetic: ten rounds of Philox make four words,
// which one thread turns into the elements they belong to. Which words an element takes depends on its place in the
// sequence alone, as on the CPU: element i of a normal, a sign or an fp32 uniform takes word i; of an fp64 uniform
// words 2i (high half) and 2i + 1. In bf16 they are the fp32 numbers, rounded.
#include <algorithm>
#include <cmath>

#include "loops.cuh"
#include "normal.cuh"
#include "philox.cuh"

namespace gatun {
namespace {

/// What a thread makes at a time: of whole blocks of four words, and at least 16 bytes.
template <class T, int words_each> struct Run {
  static constexpr int count = std::max(4 / words_each, Vector<T>::count);
  Vector<T> parts[count / Vector<T>::count];
};

/// The elements that precede x in its 16 bytes, which are made with the others and not stored, and the place of the
/// first of these in the sequence.
struct Start {
  int64_t lead;
  uint64_t block;
  int word;
};

/// `count` words from the start's, `at` words on.
template <int count>
GATUN_DEVICE void words_from(uint32_t words[count], const Start& start, int64_t at, Sequence sequence) {
  uint32_t blocks[count + 4];
  GATUN_UNROLL
  for (int b = 0; b < count; b += 4) philox(blocks + b, start.block + (at + b) / 4, sequence);
  if (start.word) philox(blocks + count, start.block + (at + count) / 4, sequence);
  GATUN_UNROLL
  for (int w = 0; w < count; w++) {
    words[w] = blocks[w];
    for (int ahead = 1; ahead < 4; ahead++)
      if (start.word == ahead) words[w] = blocks[w + ahead];
  }
}

/// x[i] = map(the words of element first + i), in accesses of 16 bytes wherever x and `first` are.
template <class T, int words_each, class Map> GATUN_KERNEL(loops::threads, 2)
random_runs(T* x, const int64_t* key, Start start, int64_t runs, int64_t n, Map map) {
  using R = Run<T, words_each>;
  constexpr int in_part = Vector<T>::count;
  const Sequence sequence{static_cast<uint64_t>(load(key)), static_cast<uint64_t>(load(key + 1))};
  loops::over_pieces<R>(
      0, runs,
      [&](R run, int64_t i) {
        uint32_t words[R::count * words_each];
        words_from<R::count * words_each>(words, start, i * words_each, sequence);
        GATUN_UNROLL
        for (int k = 0; k < R::count; k++) run.parts[k / in_part].at[k % in_part] = map(words + k * words_each);
        return run;
      },
      [&](R, int64_t i, const R& run) {
        for (int part = 0; part < R::count / in_part; part++) {
          const int64_t at = i - start.lead + part * in_part;
          if (at >= 0 && at + in_part <= n)
            store(reinterpret_cast<Vector<T>*>(x + at), run.parts[part]);
          else
            for (int k = 0; k < in_part; k++)
              if (at + k >= 0 && at + k < n) store(x + at + k, run.parts[part].at[k]);
        }
      });
}

template <int words_each, class T, class Map>
void fill_random(gatun_stream& stream, T* x, const int64_t* key, int64_t first, int64_t n, Map map) {
  if (n == 0) return;
  constexpr int64_t each = 4 / words_each, bits = each == 4 ? 2 : 1;
  const int64_t lead = reinterpret_cast<uintptr_t>(x) % 16 / sizeof(T), from = first - lead;
  const Start start{lead, static_cast<uint64_t>(from >> bits), static_cast<int>(from & (each - 1)) * words_each};
  const int64_t runs = loops::quotient_up(lead + n, Run<T, words_each>::count);
  GATUN_LAUNCH(stream, (random_runs<T, words_each, Map>),
               grid_for(stream, runs, loops::threads * loops::pieces_at_once<sizeof(T)>), loops::threads, 0, x, key,
               start, runs, n, map);
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

struct UniformDouble {
  double low, high, last;
  GATUN_DEVICE double operator()(const uint32_t* word) const {
    const double value = fused(share_of(word), high - low, low);
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
