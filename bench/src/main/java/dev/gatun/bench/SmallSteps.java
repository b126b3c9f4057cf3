package dev.gatun.bench;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Parameters;
import dev.gatun.optim.AdamW;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.function.Supplier;

/// Steps of training that are so small that what surrounds the kernels shows: forward, backward and
/// AdamW on random data.
public enum SmallSteps {
  /// Nine linear layers of 16 by 16 on 8 rows, the mean squared error.
  LINEARS {
    @Override
    Supplier<Tensor> loss(Scope memory, Parameters[] parameters) {
      var declared = Parameters.declare();
      for (int layer = 0; layer < LAYERS; layer++) {
        declared.matrix("w" + layer, WIDTH, WIDTH).plain("b" + layer, WIDTH);
      }
      var net = declared.allocate(memory, DType.F32);
      parameters[0] = net;
      var random = new Random(1);
      for (var name : net.names()) fill(net.get(name), random, 0.3f);
      var x = Tensor.zeros(memory, DType.F32, Shape.of(ROWS, WIDTH));
      var y = Tensor.zeros(memory, DType.F32, Shape.of(ROWS, WIDTH));
      fill(x, random, 1);
      fill(y, random, 1);
      return () -> {
        var at = x;
        for (int layer = 0; layer < LAYERS; layer++) {
          at = at.linear(net.get("w" + layer), net.get("b" + layer));
        }
        return at.squaredError(y);
      };
    }
  },

  /// A GPT of two layers, two heads and 64 channels on one window of 16 tokens.
  GPT {
    @Override
    Supplier<Tensor> loss(Scope memory, Parameters[] parameters) {
      var gpt = Gpt.create(GptConfig.of(2, 2, 64, 16, 256), memory, DType.F32, 1);
      parameters[0] = gpt.parameters();
      var ids = new Random(1).ints(17, 0, 256).toArray();
      var shape = Shape.of(1, 16);
      var tokens = Tensor.of(memory, shape, java.util.Arrays.copyOf(ids, 16));
      var targets = Tensor.of(memory, shape, java.util.Arrays.copyOfRange(ids, 1, 17));
      return () -> gpt.loss(tokens, targets);
    }
  };

  private static final int LAYERS = 9;
  private static final int WIDTH = 16;
  private static final int ROWS = 8;

  /// The loss, and in `parameters` those it depends on.
  abstract Supplier<Tensor> loss(Scope memory, Parameters[] parameters);

  private static void fill(Tensor x, Random random, float most) {
    var values = new float[(int) x.shape().count()];
    for (int i = 0; i < values.length; i++) values[i] = most * random.nextFloat(-1, 1);
    x.copyFrom(MemorySegment.ofArray(values));
  }

  /// A step of it.
  static final class Step {
    private final Device device;
    private final Supplier<Tensor> loss;
    private final AdamW optimizer;

    Step(SmallSteps of, Device device) {
      this.device = device;
      var parameters = new Parameters[1];
      loss = of.loss(device.scope(), parameters);
      optimizer = new AdamW(parameters[0], AdamW.Config.DEFAULTS);
    }

    void prepare() {
      optimizer.prepare(1e-4);
    }

    void walk() {
      try (var tape = Tape.open(device)) {
        tape.backward(loss.get());
      }
      optimizer.apply();
    }
  }
}
