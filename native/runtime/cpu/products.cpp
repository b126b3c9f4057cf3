// Who multiplies: small products and fp64 our own loops; fp32 oneDNN, by its matmul primitive or its sgemm, whichever
// measured faster on the products of GPT-2. The primitive leads by 5 to 30 % where one factor is transposed and the
// sums are long; elsewhere sgemm by up to 70 %, since the primitive does not pack b, and the rows of a b whose stride
// is a multiple of 4 KiB fall on the same cache lines. bf16 oneDNN too, by its primitive where the processor multiplies
// bf16, elsewhere as fp32 after widening. Traps: a primitive is bound to the number of threads it was made for, and
// making one costs 0.5 ms; a c of bf16 is rounded once, so that what is added to it is added in floats.
#include "products.h"

#include <omp.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>
#include <unordered_map>

#include "product_loops.h"
#include "status.h"

namespace gatun {
namespace {

std::mutex settling;
std::optional<Level> settled;

/// Memory of one thread that grows to the largest need it has met: packed factors of ours, or a primitive's scratch.
class Room {
 public:
  char* at_least(int64_t bytes) {
    if (bytes > bytes_) {
      start_.reset();
      bytes_ = (bytes + alignment - 1) / alignment * alignment;
      start_.reset(static_cast<char*>(std::aligned_alloc(alignment, static_cast<size_t>(bytes_))));
      if (!start_) {
        bytes_ = 0;
        throw std::bad_alloc();
      }
    }
    return start_.get();
  }

 private:
  static constexpr int64_t alignment = 4096;
  struct Free {
    void operator()(char* start) const { std::free(start); }
  };
  std::unique_ptr<char, Free> start_;
  int64_t bytes_ = 0;
};

/// What a primitive is made for; alpha and the addresses come with each call.
struct Layout {
  int64_t rows, cols, inner, ldc, lda, ldb;
  int threads;
  bool transpose_a, transpose_b, accumulate, scaled, narrow_factors, narrow_c;
  bool operator==(const Layout&) const = default;
};

struct LayoutHash {
  size_t operator()(const Layout& layout) const {
    uint64_t hash = 0;
    for (const int64_t part :
         {layout.rows, layout.cols, layout.inner, layout.ldc, layout.lda, layout.ldb,
          int64_t{layout.threads} * 64 + layout.narrow_factors * 32 + layout.narrow_c * 16 + layout.transpose_a * 8 +
              layout.transpose_b * 4 + layout.accumulate * 2 + layout.scaled})
      hash = (hash ^ static_cast<uint64_t>(part)) * 0x9e3779b97f4a7c15u, hash ^= hash >> 32;
    return hash;
  }
};

dnnl::memory::desc matrix(int64_t rows, int64_t cols, int64_t stride, bool transposed, bool narrow) {
  return {{rows, cols},
          narrow ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32,
          transposed ? dnnl::memory::dims{1, stride} : dnnl::memory::dims{stride, 1}};
}

class MatmulPrimitive {
 public:
  MatmulPrimitive(const Layout& layout, const dnnl::engine& engine) {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (layout.scaled) attributes.set_scales_mask(DNNL_ARG_SRC, 0);
    if (layout.accumulate) {
      dnnl::post_ops sum;
      sum.append_sum();
      attributes.set_post_ops(sum);
    }
    const dnnl::matmul::primitive_desc description(
        engine, matrix(layout.rows, layout.inner, layout.lda, layout.transpose_a, layout.narrow_factors),
        matrix(layout.inner, layout.cols, layout.ldb, layout.transpose_b, layout.narrow_factors),
        matrix(layout.rows, layout.cols, layout.ldc, false, layout.narrow_c), attributes);
    primitive_ = dnnl::matmul(description);
    a_ = dnnl::memory(description.src_desc(), engine, nullptr);
    b_ = dnnl::memory(description.weights_desc(), engine, nullptr);
    c_ = dnnl::memory(description.dst_desc(), engine, nullptr);
    scratch_ = dnnl::memory(description.scratchpad_desc(), engine, nullptr);
    alpha_ = dnnl::memory({{1}, dnnl::memory::data_type::f32, {1}}, engine, nullptr);
    scratch_bytes_ = static_cast<int64_t>(description.scratchpad_desc().get_size());
    arguments_ = layout.scaled ? 5 : 4;
  }

  void run(const Product& p, Room& room, const dnnl::stream& stream) const {
    float alpha = static_cast<float>(p.alpha);
    a_.set_data_handle(const_cast<void*>(p.a));
    b_.set_data_handle(const_cast<void*>(p.b));
    c_.set_data_handle(p.c);
    scratch_.set_data_handle(room.at_least(scratch_bytes_));
    alpha_.set_data_handle(&alpha);
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, a_.get()},
                                         {DNNL_ARG_WEIGHTS, b_.get()},
                                         {DNNL_ARG_DST, c_.get()},
                                         {DNNL_ARG_SCRATCHPAD, scratch_.get()},
                                         {DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, alpha_.get()}};
    dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), stream.get(), arguments_, arguments),
                            "oneDNN could not run a matrix product");
  }

 private:
  dnnl::matmul primitive_;
  dnnl::memory a_, b_, c_, scratch_, alpha_;
  int64_t scratch_bytes_;
  int arguments_;
};

/// What one thread keeps between products. Primitives are a few KiB each; a caller whose shapes never repeat cannot
/// pile them up.
struct Workspace {
  static constexpr size_t most_primitives = 256;
  Room room;
  Room wide_a, wide_b, wide_c;  ///< floats in place of bf16
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::unordered_map<Layout, MatmulPrimitive, LayoutHash> primitives;

  const MatmulPrimitive& primitive_for(const Layout& layout) {
    if (const auto known = primitives.find(layout); known != primitives.end()) return known->second;
    if (primitives.size() == most_primitives) primitives.clear();
    return primitives.try_emplace(layout, layout, engine).first->second;
  }
};

Workspace& workspace() {
  thread_local Workspace mine;
  return mine;
}

/// Where a small product packs its factors, and behind that keeps the sums for a c of bf16. Null where there is no
/// memory for it: small products run inside parallel regions too, which no exception may leave.
char* room_of_small_products() noexcept {
  thread_local Room mine;
  try {
    return mine.at_least(packing_bytes + small_product * int64_t{sizeof(float)});
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

bool suits_the_primitive(const Product& p, Level level) {
  constexpr int64_t page_of_floats = 1024;
  if (p.dtype == GATUN_BF16) return true;
  if (level != Level::v4 || p.transpose_a == p.transpose_b) return false;
  return p.transpose_b ? p.inner >= 512 : p.inner >= 1024 && p.ldb % page_of_floats != 0;
}

void multiply_by_primitive(const Product& p) {
  auto& mine = workspace();
  const bool is_narrow = p.dtype == GATUN_BF16;
  const Layout layout{p.rows,
                      p.cols,
                      p.inner,
                      p.ldc,
                      p.lda,
                      p.ldb,
                      omp_get_max_threads(),
                      p.transpose_a,
                      p.transpose_b,
                      p.accumulate,
                      p.alpha != 1,
                      is_narrow,
                      is_narrow && !p.wide};
  mine.primitive_for(layout).run(p, mine.room, mine.stream);
}

void multiply_by_sgemm(const Product& p) {
  const auto status =
      dnnl_sgemm(p.transpose_a ? 'T' : 'N', p.transpose_b ? 'T' : 'N', p.rows, p.cols, p.inner,
                 static_cast<float>(p.alpha), static_cast<const float*>(p.a), p.lda, static_cast<const float*>(p.b),
                 p.ldb, p.accumulate ? 1.0f : 0.0f, static_cast<float*>(p.c), p.ldc);
  if (status == dnnl_out_of_memory) throw std::bad_alloc();
  if (status != dnnl_success) fail(GATUN_INTERNAL, "oneDNN answered ", status, " to a matrix product");
}

/// sgemm asks malloc for its packed factors in each call. What lies free at the end of the heap glibc gives back beyond
/// 128 KiB, and then each product faults its pages in anew: 3 to 5 % of a fp32 step of GPT-2 124M. Both of its
/// thresholds follow the largest block below 32 MiB that was freed, and are process-wide, as whoever frees one leaves
/// them.
void have_malloc_keep_what_is_freed() {
  void* volatile followed = std::malloc(size_t{31} << 20);
  std::free(followed);
}

dnnl_cpu_isa_t isa_of(Level level) {
  return level == Level::v4 ? dnnl_cpu_isa_default : level == Level::v3 ? dnnl_cpu_isa_avx2 : dnnl_cpu_isa_sse41;
}

void multiply_on_onednn(const Product& p, Level level) {
  suits_the_primitive(p, level) ? multiply_by_primitive(p) : multiply_by_sgemm(p);
}

/// From AVX-512 with BF16 on. Below, oneDNN only emulates such products.
bool processor_multiplies_bf16(Level level) {
  static const bool has_instructions =
      (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
  return level == Level::v4 && has_instructions;
}

/// Calls work(first, count) for each thread's share of the rows.
template <class Work> void share_rows(int64_t rows, int threads, Work work) {
  if (threads == 1) return work(0, rows);
#pragma omp parallel num_threads(threads)
  {
    const int64_t me = omp_get_thread_num(), team = omp_get_num_threads(), first = rows * me / team;
    work(first, rows * (me + 1) / team - first);
  }
}

template <class Element> StoredRows<Element> from(StoredRows<Element> rows, int64_t row) {
  return {rows.start + row * rows.stride, rows.stride};
}

/// Floats in place of (rows, cols) of bf16, one row after the other.
const float* widened(StoredRows<const uint16_t> stored, int64_t rows, int64_t cols, Room& room, Level level) {
  auto* const start = reinterpret_cast<float*>(room.at_least(rows * cols * int64_t{sizeof(float)}));
  const StoredRows<float> wide{start, cols};
  share_rows(rows, omp_get_max_threads(), [&](int64_t first, int64_t count) {
    widen.at(level)(from(wide, first), from(stored, first), count, cols);
  });
  return start;
}

const float* widened_a(const Product& p, Room& room, Level level) {
  const int64_t rows = p.transpose_a ? p.inner : p.rows, cols = p.transpose_a ? p.rows : p.inner;
  return widened({static_cast<const uint16_t*>(p.a), p.lda}, rows, cols, room, level);
}

const float* widened_b(const Product& p, Room& room, Level level) {
  const int64_t rows = p.transpose_b ? p.cols : p.inner, cols = p.transpose_b ? p.inner : p.cols;
  return widened({static_cast<const uint16_t*>(p.b), p.ldb}, rows, cols, room, level);
}

Product with_factors(Product p, const float* a, const float* b) {
  p.a = a;
  p.b = b;
  p.lda = p.transpose_a ? p.rows : p.inner;
  p.ldb = p.transpose_b ? p.inner : p.cols;
  p.dtype = GATUN_F32;
  return p;
}

/// Has `multiply_wide` multiply into `sums`, rows * cols floats, what becomes p's c of bf16.
template <class Multiply>
void multiply_through(float* sums, const Product& p, Level level, int threads, Multiply multiply_wide) {
  const StoredRows<float> wide{sums, p.cols};
  const StoredRows<uint16_t> c{static_cast<uint16_t*>(p.c), p.ldc};
  if (p.accumulate)
    share_rows(p.rows, threads, [&](int64_t first, int64_t count) {
      const auto stored = from(c, first);
      widen.at(level)(from(wide, first), {stored.start, stored.stride}, count, p.cols);
    });
  Product product = p;
  product.c = sums;
  product.ldc = p.cols;
  product.wide = true;
  multiply_wide(product);
  share_rows(p.rows, threads, [&](int64_t first, int64_t count) {
    const auto finished = from(wide, first);
    narrow.at(level)(from(c, first), {finished.start, finished.stride}, count, p.cols);
  });
}

/// The part of a product of bf16 that makes these rows and columns of c.
Product part_of(const Product& p, int64_t row, int64_t rows, int64_t col, int64_t cols) {
  Product part = p;
  part.rows = rows;
  part.cols = cols;
  part.a = static_cast<const uint16_t*>(p.a) + (p.transpose_a ? row : row * p.lda);
  part.b = static_cast<const uint16_t*>(p.b) + (p.transpose_b ? col * p.ldb : col);
  const int64_t skipped = row * p.ldc + col;
  part.c = p.wide ? static_cast<void*>(static_cast<float*>(p.c) + skipped) : static_cast<uint16_t*>(p.c) + skipped;
  return part;
}

/// As large as `most`, or less where n then falls into equal parts.
int64_t even_part(int64_t n, int64_t most) {
  const int64_t parts = (n - 1) / std::max<int64_t>(most, 1) + 1;
  return (n - 1) / parts + 1;
}

/// With factors, if `widens`, and sums in floats. The three arrays of these have up to 64 MiB each, or one row: `inner`
/// is not cut.
void multiply_in_panels(const Product& p, Level level, bool widens) {
  constexpr int64_t most = int64_t{64 << 20} / int64_t{sizeof(float)};
  auto& mine = workspace();
  const int threads = omp_get_max_threads();
  const int64_t deep = widens ? p.inner : 1;
  const int64_t width = even_part(p.cols, most / deep), height = even_part(p.rows, most / std::max(deep, width));
  const auto multiply_wide = [&](const Product& wide) { multiply_on_onednn(wide, level); };
  const float* b = nullptr;
  for (int64_t col = 0; col < p.cols; col += width)
    for (int64_t row = 0; row < p.rows; row += height) {
      auto part = part_of(p, row, std::min(height, p.rows - row), col, std::min(width, p.cols - col));
      if (widens && row == 0) b = widened_b(part, mine.wide_b, level);
      if (widens) part = with_factors(part, widened_a(part, mine.wide_a, level), b);
      const int64_t sums_bytes = part.rows * part.cols * int64_t{sizeof(float)};
      if (p.wide)
        multiply_wide(part);
      else
        multiply_through(reinterpret_cast<float*>(mine.wide_c.at_least(sums_bytes)), part, level, threads,
                         multiply_wide);
    }
}

/// In one product or two: of a transposed a the primitive takes 50,257 rows, a vocabulary, a third longer than 50,240
/// and 17.
void multiply_bf16_by_primitive(const Product& p) {
  constexpr int64_t even = 64, many = 16 * even;
  const int64_t rest = p.rows % even, first = p.rows - rest;
  if (!p.transpose_a || p.rows < many || rest == 0) return multiply_by_primitive(p);
  multiply_by_primitive(part_of(p, 0, first, 0, p.cols));
  multiply_by_primitive(part_of(p, first, rest, 0, p.cols));
}

void multiply_bf16(const Product& p, Level level) {
  const bool native = processor_multiplies_bf16(level);
  const bool adds_to_bf16 = p.accumulate && !p.wide;
  native && !adds_to_bf16 ? multiply_bf16_by_primitive(p) : multiply_in_panels(p, level, !native);
}

void multiply_alone(const Product& p, Level level) {
  char* const room = room_of_small_products();
  if (!room) return multiply_plainly.at(level)(p);
  const auto multiply_wide = [&](const Product& wide) { multiply_in_blocks.at(level)(wide, room, 1); };
  if (p.dtype != GATUN_BF16 || p.wide) return multiply_wide(p);
  multiply_through(reinterpret_cast<float*>(room + packing_bytes), p, level, 1, multiply_wide);
}

}  // namespace

void multiply(const Product& p) {
  // A handful of long dot products: oneDNN would sum each in one float.
  constexpr int64_t handful = 16;
  if (p.rows == 0 || p.cols == 0) return;
  const Level level = *settled;
  if (p.rows * p.cols <= handful || p.inner == 0) return multiply_plainly.at(level)(p);
  if (p.rows * p.cols * p.inner < small_product) return multiply_alone(p, level);
  if (p.dtype == GATUN_F64) {
    const int threads = omp_get_max_threads();
    return multiply_in_blocks.at(level)(p, workspace().room.at_least(threads * packing_bytes), threads);
  }
  p.dtype == GATUN_BF16 ? multiply_bf16(p, level) : multiply_on_onednn(p, level);
}

void lower_products_to(Level level) {
  const std::lock_guard lock(settling);
  if (settled == level) return;
  require(!settled, "the instruction set is x86-64-", name_of(level),
          ", but this process already computes with x86-64-", name_of(*settled),
          "; oneDNN cannot change its own while it runs");
  if (level != Level::v4 && dnnl_set_max_cpu_isa(isa_of(level)) != dnnl_success)
    require((dnnl_get_effective_cpu_isa() & ~isa_of(level)) == 0, "the instruction set is x86-64-", name_of(level),
            ", but oneDNN is already in use in this process with instructions above it");
  have_malloc_keep_what_is_freed();
  settled = level;
}

const char* products_version() {
  static char text[64];
  const auto* version = dnnl_version();
  std::snprintf(text, sizeof text, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);
  return text;
}

}  // namespace gatun
