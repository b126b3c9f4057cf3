package dev.gatun.bench;

import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.optim.RandomDirection;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// The gradient of a GPT-2 on random tokens, and gradient and Hessian-vector product together.
/// `bench/peers/second_order.py` is the same work in PyTorch.
@State(org.openjdk.jmh.annotations.Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
@Fork(
    value = 1,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xmx256m", "-XX:+UseSerialGC"})
public class SecondOrder {
  /// See [Work].
  @Param({"gpt2-14m", "gpt2-1k-context"})
  public String size;

  private Device device;
  private Gpt gpt;
  private Tensor tokens;
  private Tensor targets;
  private HessianVector product;

  @Setup
  public void open() {
    var work = Work.of(size);
    device = Device.cpu(Integer.getInteger("gatun.threads", 0));
    Scope memory = device.scope();
    gpt = Gpt.create(work.config(), memory, DType.F32, 1);
    var shape = Shape.of(work.batch(), work.config().context());
    var random = new Random(1);
    int count = Math.toIntExact(shape.count());
    int vocabulary = work.config().vocabulary();
    tokens = Tensor.of(memory, shape, random.ints(count, 0, vocabulary).toArray());
    targets = Tensor.of(memory, shape, random.ints(count, 0, vocabulary).toArray());
    var key = Tensor.uninitialized(memory, DType.I64, Shape.of(2));
    key.copyFrom(MemorySegment.ofArray(new long[] {1, 1}));
    product =
        HessianVector.along(new RandomDirection(gpt.parameters(), Sophia.Probe.SIGNS, key.data()));
  }

  @Benchmark
  public double gradient() {
    gpt.parameters().forgetGradients();
    try (var tape = Tape.open(device)) {
      var loss = gpt.loss(tokens, targets);
      tape.backward(loss);
      return loss.item();
    }
  }

  @Benchmark
  public double gradientAndProduct() {
    gpt.parameters().forgetGradients();
    try (var tape = Tape.open(device)) {
      var loss = gpt.loss(tokens, targets);
      product.of(tape, loss);
      return loss.item();
    }
  }

  @TearDown
  public void close() {
    device.close();
  }
}
