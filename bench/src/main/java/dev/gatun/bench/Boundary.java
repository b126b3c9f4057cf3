package dev.gatun.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gatun.ffi.Kernels;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/// The same calls through each floor: a bare method handle, [Kernels], an op. Those of `empty` have
/// nothing to do, those of `scale` one element, so that what differs is the floor. Each is called
/// once before it is timed, and must have done what it is for.
public class Boundary extends ForkedBenchmark {
  /// Names the backend to a fork.
  static final String BACKEND = "gatun.bench.device";

  static final int OPS = 100;

  private static final double FACTOR = 1.5;
  private static final double UNTOUCHED = 7;
  private static final double SCALED = FACTOR * FACTOR;
  private static final double CHAINED = Math.pow(FACTOR, OPS + 1);

  private static final String CHOSEN = System.getProperty(BACKEND, "cpu");
  private static final MethodHandle NAME = RawHandle.text(CHOSEN, "gatun_backend_name");
  private static final MethodHandle FILL =
      RawHandle.of(CHOSEN, "gatun_fill", ADDRESS, ADDRESS, JAVA_LONG, JAVA_DOUBLE, JAVA_INT);
  private static final MethodHandle UNARY =
      RawHandle.of(
          CHOSEN,
          "gatun_unary_forward",
          ADDRESS,
          ADDRESS,
          ADDRESS,
          JAVA_LONG,
          JAVA_DOUBLE,
          JAVA_INT,
          JAVA_INT);

  private Device device;
  private Kernels kernels;
  private MemorySegment stream;
  private MemorySegment y;
  private Tensor x;
  private Tensor scaled;

  @Setup
  public void open() throws Throwable {
    device = new Run(CHOSEN, 1, false, null).open();
    kernels = device.kernels();
    stream = device.stream().handle();
    var memory = device.scope();
    x = Tensor.of(memory, Shape.of(1), (float) FACTOR);
    scaled = Tensor.zeros(memory, DType.F32, Shape.of(1));
    y = scaled.data();
    requireEffects();
  }

  private void requireEffects() throws Throwable {
    var name = noArgumentsByHandle().reinterpret(Long.MAX_VALUE).getString(0);
    require(name.equals(CHOSEN), "noArgumentsByHandle", name);
    scaled.copyFrom(UNTOUCHED);
    require(emptyByHandle() == 0, "emptyByHandle", "a status");
    requireValue("emptyByHandle", UNTOUCHED, scaled);
    emptyByKernels();
    requireValue("emptyByKernels", UNTOUCHED, scaled);
    require(scaleByHandle() == 0, "scaleByHandle", "a status");
    requireValue("scaleByHandle", SCALED, scaled);
    scaled.copyFrom(0);
    scaleByKernels();
    requireValue("scaleByKernels", SCALED, scaled);
    try (var _ = device.scope()) {
      requireValue("scaleByOp", CHAINED, chain(x));
    }
    try (var tape = Tape.open(device)) {
      requireValue("scaleByOpOnTape", CHAINED, chain(tape.watch(x)));
    }
  }

  private static void requireValue(String floor, double right, Tensor found) {
    double value = found.item();
    require(Math.abs(value - right) <= 1e-5 * right, floor, value);
  }

  private static void require(boolean holds, String floor, Object found) {
    if (!holds) throw new BenchFailure("%s yields %s", floor, found);
  }

  @Benchmark
  public MemorySegment noArgumentsByHandle() throws Throwable {
    return (MemorySegment) NAME.invokeExact();
  }

  @Benchmark
  public int emptyByHandle() throws Throwable {
    return (int) FILL.invokeExact(stream, y, 0L, 0.0, Kernels.F32);
  }

  @Benchmark
  public void emptyByKernels() {
    kernels.fill(stream, y, 0, 0, Kernels.F32);
  }

  @Benchmark
  public int scaleByHandle() throws Throwable {
    return (int)
        UNARY.invokeExact(stream, y, x.data(), 1L, FACTOR, Kernels.SCALE, DType.F32.code());
  }

  @Benchmark
  public void scaleByKernels() {
    kernels.unaryForward(stream, y, x.data(), 1, FACTOR, Kernels.SCALE, Kernels.F32);
  }

  /// In a scope of its own, which is a part of what ops cost.
  @Benchmark
  @OperationsPerInvocation(OPS)
  public Tensor scaleByOp() {
    try (var _ = device.scope()) {
      return chain(x);
    }
  }

  /// On a tape of its own, not walked back.
  @Benchmark
  @OperationsPerInvocation(OPS)
  public Tensor scaleByOpOnTape() {
    try (var tape = Tape.open(device)) {
      return chain(tape.watch(x));
    }
  }

  private static Tensor chain(Tensor from) {
    var at = from;
    for (int i = 0; i < OPS; i++) at = at.times(FACTOR);
    return at;
  }

  @TearDown
  public void close() {
    device.close();
  }
}
