package dev.gatun.bench;

import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Parameters;
import dev.gatun.nn.Rounding;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// A network with random weights, and its loss on random data that stays. The peers know the same
/// networks by the same names.
record Net(Parameters parameters, List<Tensor> data, Supplier<Tensor> loss) {
  static final String LINEARS = "linears";
  static final String TINY_GPT = "gpt-2x2x64";

  /// Behind the name of a GPT whose weights and activations are in bf16.
  static final String IN_BF16 = "-bf16";

  /// Behind that, where its weights have no masters.
  static final String BY_CHANCE = "-stochastic";

  private static final int LAYERS = 9;
  private static final int WIDTH = 16;
  private static final int ROWS = 8;

  /// Whether it is so small that a second thread only costs.
  static boolean isTiny(String name) {
    return List.of(LINEARS, TINY_GPT).contains(name);
  }

  static Net of(String name, Scope memory) {
    if (name.equals(LINEARS)) return linears(memory);
    return gpt(size(name), memory);
  }

  /// A GPT and what it learns from: `batch` windows as long as its context.
  record Size(GptConfig config, int batch, DType dtype, Rounding rounding) {
    long rows() {
      return (long) batch * config.context();
    }
  }

  /// Of the GPT of this name.
  static Size size(String name) {
    var rounding = name.endsWith(BY_CHANCE) ? Rounding.STOCHASTIC : Rounding.NEAREST;
    var stored = name.replace(BY_CHANCE, "");
    var dtype = stored.endsWith(IN_BF16) ? DType.BF16 : DType.F32;
    return switch (stored.replace(IN_BF16, "")) {
      case TINY_GPT -> new Size(GptConfig.of(2, 2, 64, 16, 256), 1, dtype, rounding);
      case "gpt2-14m" -> new Size(GptConfig.of(6, 6, 384, 256, 8192), 8, dtype, rounding);
      case "gpt2-124m" -> new Size(GptConfig.of(12, 12, 768, 64, 50257), 4, dtype, rounding);
      case "gpt2-1k-context" -> new Size(GptConfig.of(4, 8, 512, 1024, 4096), 2, dtype, rounding);
      default -> throw new IllegalArgumentException("no network is called " + name);
    };
  }

  /// Nine linear layers of 16 by 16 on 8 rows, the mean squared error.
  private static Net linears(Scope memory) {
    var declared = Parameters.declare();
    for (int i = 0; i < LAYERS; i++) declared.matrix("w" + i, WIDTH, WIDTH).plain("b" + i, WIDTH);
    var net = declared.allocate(memory, DType.F32);
    var random = new Random(1);
    for (var name : net.names()) draw(net.get(name), random, 0.3f);
    var x = Tensor.zeros(memory, DType.F32, Shape.of(ROWS, WIDTH));
    var y = Tensor.zeros(memory, DType.F32, Shape.of(ROWS, WIDTH));
    draw(x, random, 1);
    draw(y, random, 1);
    return new Net(net, List.of(x, y), () -> through(net, x).squaredError(y));
  }

  /// Weights and data, of a network whose data are in fp32.
  List<float[]> numbers() {
    var weights = parameters.names().stream().map(parameters::get);
    return Stream.concat(weights, data.stream()).map(Tensor::toFloats).toList();
  }

  private static Tensor through(Parameters net, Tensor x) {
    var at = x;
    for (int i = 0; i < LAYERS; i++) at = at.linear(net.get("w" + i), net.get("b" + i));
    return at;
  }

  private static void draw(Tensor x, Random random, float most) {
    var values = new double[Math.toIntExact(x.shape().count())];
    for (int i = 0; i < values.length; i++) values[i] = most * random.nextFloat(-1, 1);
    x.copyFrom(values);
  }

  private static Net gpt(Size size, Scope memory) {
    var config = size.config();
    var gpt = Gpt.create(config, memory, size.dtype(), size.rounding(), 1);
    var shape = Shape.of(size.batch(), config.context());
    var random = new Random(1);
    var tokens = Tensor.of(memory, shape, ids(shape, config, random));
    var targets = Tensor.of(memory, shape, ids(shape, config, random));
    return new Net(gpt.parameters(), List.of(tokens, targets), () -> gpt.loss(tokens, targets));
  }

  private static int[] ids(Shape shape, GptConfig config, Random random) {
    return random.ints(shape.count(), 0, config.vocabulary()).toArray();
  }
}
