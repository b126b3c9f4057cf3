// The gradient of GPT-2, and gradient and Hessian-vector product together, through gatun.h alone: the calls that the
// walks of the Java library make, op by op, all of the batch at once. A line of JSON each.
//
//   hvp [--tiny]
//
// Before anything is timed, the product in fp32 at a small size must be how the gradient moves along the vector, and in
// bf16 u H v must be v H u.
#include "walks.h"

namespace {

Size with_batch(Size size, int64_t batch, int64_t context) {
  size.batch = batch;
  size.context = context;
  return size;
}

void require_slope_of_gradient() {
  constexpr double step = 1e-4, allowed = 1e-2;
  Memory memory;
  Walks walks(memory, tiny_gpt2, GATUN_F32);
  walks.weights().point(1);
  walks.gradient_and_product();
  const auto product = walks.weights().products();
  std::vector<float> gradients[2];
  walks.weights().move(step);
  for (const int side : {0, 1}) {
    walks.gradient();
    gradients[side] = walks.weights().gradients();
    walks.weights().move(-2 * step);
  }
  require("the product beside the gradient's slope", distance(product, gradients[0], gradients[1], step), allowed);
}

/// The product along the direction of one seed, times the direction of another.
double bilinear(Walks& walks, int64_t along, int64_t times) {
  walks.weights().point(along);
  walks.gradient_and_product();
  const auto product = walks.weights().products();
  walks.weights().point(times);
  return dot(product, walks.weights().direction());
}

void require_symmetry(Walks& walks, const Size& size) {
  constexpr double allowed = 5e-2;
  const double one = bilinear(walks, 1, 2), other = bilinear(walks, 2, 1);
  const double scale = std::abs(bilinear(walks, 1, 1)) + std::abs(one);
  require(std::string("u H v beside v H u of gpt2 ") + size.name, std::abs(one - other) / scale, allowed);
}

void measure_walks(const Size& size) {
  Memory memory;
  Walks walks(memory, size, GATUN_BF16);
  require_symmetry(walks, size);
  const auto work = [&](const char* what, double gradients) {
    return Work{std::string("gpt2 ") + size.name + " " + what,
                shape_of({size.batch, size.context}),
                "bf16",
                0,
                gradients * size.flops(),
                true,
                static_cast<double>(size.rows())};
  };
  measure(work("gradient", 1), {[&] {
            walks.gradient();
            return GATUN_DONE;
          }});
  // A tangent makes two products for each forward, that of a pullback four for its two: nine in all, beside three.
  measure(work("gradient and HVP", 3), {[&] {
            walks.gradient_and_product();
            return GATUN_DONE;
          }});
}

}  // namespace

int main(int count, char** arguments) {
  tiny = count > 1 && std::string(arguments[1]) == "--tiny";
  check(gatun_device_open(&device, 0, 0));
  check(gatun_stream_open(device, &stream));
  print_device();
  require_slope_of_gradient();
  const Size gpt2 = {"124m", 12, 12, 64, 1024, 4, 50257, 50304};
  if (tiny)
    measure_walks(tiny_gpt2);
  else
    // As many tokens in longer sequences, where attention weighs more.
    for (const auto& size : {gpt2, with_batch(gpt2, 1, 4096)}) measure_walks(size);
  check(gatun_device_close(device));
  return 0;
}
