package dev.gatun.optim;

import dev.gatun.InvalidArgument;
import dev.gatun.ffi.Kernels;
import dev.gatun.memory.Feed;
import dev.gatun.memory.Scope;
import dev.gatun.nn.ParameterPart;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/// What optimizers share whose step is one kernel over each part of the parameters: arenas of
/// state, clipping by the global norm, and the rate and the step on the device. The arenas live
/// beside the parameters, in their scope.
abstract class ArenaOptimizer implements Optimizer {
  /// What kernels add to the norm that they divide by.
  private static final double NORM_EPS = 1e-6;

  private static final long FEED_BYTES = Double.BYTES + 3 * Long.BYTES;

  private final Parameters parameters;
  private final double maxNorm;
  private final Map<String, MemorySegment> state = new LinkedHashMap<>();
  private final Tensor norm;
  /// The rate, the step, and the key of what rounds weights at random: seed 0, sequence 0.
  private final Feed feed;
  private long steps;

  ArenaOptimizer(Parameters parameters, double maxNorm, String... arenas) {
    this.parameters = parameters;
    this.maxNorm = maxNorm;
    var scope = parameters.scope();
    var shape = Shape.of(parameters.count());
    for (var name : arenas) state.put(name, Tensor.zeros(scope, wide(), shape).data());
    norm = Tensor.zeros(scope, wide(), Shape.SCALAR);
    feed = new Feed(scope, FEED_BYTES);
  }

  /// Bytes of `arenas` of state beside an arena of `elements`, with what every step needs.
  static long stateBytes(int arenas, long elements, DType dtype) {
    long wide = dtype.wide().bytes();
    return arenas * elements * wide + wide + FEED_BYTES;
  }

  /// Refuses a number of a configuration unless it lies in `range`.
  static void within(String optimizer, String name, double value, boolean holds, String range) {
    if (!holds) {
      throw new InvalidArgument(
          "%s cannot work with %s %s; it must be %s".formatted(optimizer, name, value, range));
    }
  }

  /// The step's kernel, over one part of the parameters.
  abstract void launch(ParameterPart part);

  @Override
  public final void prepare(double learningRate) {
    steps++;
    feed.image().set(ValueLayout.JAVA_DOUBLE, 0, learningRate);
    feed.image().set(ValueLayout.JAVA_LONG, Double.BYTES, steps);
  }

  @Override
  public final void apply() {
    parameters.settle();
    feed.send();
    if (clips())
      kernels()
          .globalNorm(
              stream(), norm.data(), parameters.gradients(), parameters.count(), wide().code());
    parameters.parts().forEach(this::launch);
    parameters.forgetGradients();
  }

  private boolean clips() {
    return Double.isFinite(maxNorm);
  }

  @Override
  public final long steps() {
    return steps;
  }

  @Override
  public void resume(long done, Map<String, Long> counters) {
    steps = done;
  }

  @Override
  public final Map<String, MemorySegment> state() {
    return Collections.unmodifiableMap(state);
  }

  @Override
  public final OptionalDouble gradientNorm() {
    return clips() ? OptionalDouble.of(norm.item()) : OptionalDouble.empty();
  }

  @Override
  public final boolean gradientClipped() {
    return clips() && norm.item() + NORM_EPS > maxNorm;
  }

  final void write(MemorySegment to, long value) {
    try (var host = Arena.ofConfined()) {
      scope().copyToDevice(to, host.allocateFrom(ValueLayout.JAVA_LONG, value));
    }
  }

  final Parameters parameters() {
    return parameters;
  }

  final Scope scope() {
    return parameters.scope();
  }

  final Kernels kernels() {
    return parameters.device().kernels();
  }

  final MemorySegment stream() {
    return parameters.device().stream().handle();
  }

  private DType wide() {
    return parameters.dtype().wide();
  }

  final MemorySegment state(String name) {
    return state.get(name);
  }

  final MemorySegment state(String name, ParameterPart part) {
    return of(part, state(name));
  }

  final MemorySegment gradients(ParameterPart part) {
    return of(part, parameters.gradients());
  }

  private MemorySegment of(ParameterPart part, MemorySegment arena) {
    return scope().at(arena, part.first() * wide().bytes());
  }

  final MemorySegment rate() {
    return feed.data();
  }

  final MemorySegment step() {
    return scope().at(feed.data(), Double.BYTES);
  }

  /// Of the rounding of a part whose weights have no masters though they need them; else null.
  final MemorySegment key(ParameterPart part) {
    boolean exact = part.master() != null || part.dtype() == part.dtype().wide();
    return exact ? null : scope().at(feed.data(), Double.BYTES + Long.BYTES);
  }

  /// Of the gradients; null where they are not clipped.
  final MemorySegment norm() {
    return clips() ? norm.data() : null;
  }
}
