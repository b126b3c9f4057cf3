package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.Direction;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.Hutchinson;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Gradient and product of a GPT at contexts of 1,024 to 4,096 tokens take memory that grows with
/// the context, not with its square, and at most 2.2 times what the gradient alone takes. One
/// matrix of scores at 4,096 tokens would be 64 MiB, for each head of each layer; a kernel's
/// scratch is seen in what is resident.
@Tag("long")
class LongHessianVectorTest {
  private static final long OF_THE_JVM = 48L << 20;

  @Test
  void memoryGrowsWithTheContext() throws IOException {
    long shortest = walked(1024), middle = walked(2048), longest = walked(4096);
    double grown = longest - middle;
    assertEquals(2.0 * (middle - shortest), grown, 0.01 * grown);
  }

  /// Bytes beside the parameters that gradient and product take.
  private static long walked(int context) throws IOException {
    try (var device = Device.cpu();
        var scope = device.scope()) {
      var gpt = Gpt.create(GptConfig.of(2, 2, 128, context, 256), scope, DType.F32, 1);
      long gradient;
      var memory = new PeakMemory();
      try (var tape = Tape.open(device)) {
        tape.backward(loss(gpt, tape));
        gradient = tape.usedBytes();
      }
      gpt.parameters().forgetGradients();
      var probe = new Hutchinson(gpt.parameters(), 1).direction();
      var works = new ArrayList<Scope>();
      Direction direction =
          (parameter, work) -> {
            works.add(work);
            return probe.along(parameter, work);
          };
      try (var tape = Tape.open(device)) {
        var product = HessianVector.along(direction).of(tape, loss(gpt, tape));
        var table = product.of(gpt.parameters().get("wpe.weight")).toFloats();
        assertTrue(table[table.length - 1] != 0, "the last position has no part in the product");
        long ofParameters = gpt.parameters().count() * Float.BYTES;
        long work = works.stream().mapToLong(Scope::usedBytes).max().getAsLong();
        long both = tape.usedBytes() - ofParameters + work;
        assertTrue(both <= 2.2 * gradient, "%,d bytes beside %,d".formatted(both, gradient));
        long grown = memory.grown();
        assertTrue(grown <= both + OF_THE_JVM, "%,d resident beside %,d".formatted(grown, both));
        return both;
      }
    }
  }

  private static Tensor loss(Gpt gpt, Scope scope) {
    int context = gpt.config().context();
    var random = new Random(context);
    var shape = Shape.of(1, context);
    return gpt.loss(
        Tensor.of(scope, shape, random.ints(context, 0, 256).toArray()),
        Tensor.of(scope, shape, random.ints(context, 0, 256).toArray()));
  }
}
