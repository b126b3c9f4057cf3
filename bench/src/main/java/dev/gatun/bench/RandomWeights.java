package dev.gatun.bench;

import dev.gatun.laws.Host;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Parameters;
import dev.gatun.nn.Rounding;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Hutchinson;
import dev.gatun.optim.Lion;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.DType;
import java.lang.foreign.MemorySegment;

/// Weights with gradients, drawn by the device, for optimizers to move.
final class RandomWeights {
  private static final double NEVER = Double.POSITIVE_INFINITY;

  private final Parameters parameters;
  private final MemorySegment key;
  private final MemorySegment norm;
  private final Hutchinson hutchinson;

  /// `count` of them, a multiple of 8, with masters where they need them.
  RandomWeights(Scope memory, long count, DType dtype) {
    this(memory, count, dtype, Rounding.NEAREST);
  }

  RandomWeights(Scope memory, long count, DType dtype, Rounding rounding) {
    parameters = Parameters.declare().matrix("w", count / 8, 8).allocate(memory, dtype, rounding);
    key = memory.longs(2);
    norm = memory.bytes(dtype.wide().bytes());
    hutchinson = new Hutchinson(parameters, 3);
    var exact = parameters.master("w");
    draw(exact.data(), exact.dtype(), 1, 0.02);
    parameters.round();
    draw(parameters.gradients(), dtype.wide(), 2, 1e-3);
    keepGradients();
  }

  private void draw(MemorySegment to, DType dtype, long seed, double deviation) {
    var scope = parameters.scope();
    scope.copyToDevice(key, MemorySegment.ofArray(new long[] {seed, 0}));
    var stream = parameters.device().stream().handle();
    parameters
        .device()
        .kernels()
        .randomNormal(stream, to, key, 0, parameters.count(), 0, deviation, dtype.code());
  }

  /// So that the next step has the same gradients again, and none are cleared.
  private void keepGradients() {
    parameters.get("w").slot().orElseThrow().fresh(false);
  }

  void step(Optimizer optimizer) {
    keepGradients();
    optimizer.step(1e-4);
    parameters.device().stream().join();
  }

  /// By the name that the command line of training has for it; none clips.
  Optimizer optimizer(String name) {
    return switch (name) {
      case "adamw" -> new AdamW(parameters, AdamW.Config.DEFAULTS.withMaxNorm(NEVER));
      case "lion" -> new Lion(parameters, Lion.Config.DEFAULTS.withMaxNorm(NEVER));
      default -> withCurvature(new Sophia(parameters, Sophia.Config.HUTCHINSON.withMaxNorm(NEVER)));
    };
  }

  private Sophia withCurvature(Sophia sophia) {
    refresh(sophia);
    return sophia;
  }

  /// The gradients stand for a product with the Hessian, which is as good to divide by.
  void refresh(Sophia sophia) {
    keepGradients();
    hutchinson.refresh(sophia);
    parameters.device().stream().join();
  }

  /// Computes that of the gradients.
  void norm() {
    var stream = parameters.device().stream();
    int dtype = parameters.dtype().wide().code();
    parameters
        .device()
        .kernels()
        .globalNorm(stream.handle(), norm, parameters.gradients(), parameters.count(), dtype);
    stream.join();
  }

  float[] gradients() {
    var w = parameters.get("w");
    var host = new float[Math.toIntExact(w.shape().count())];
    var gradient = w.slot().orElseThrow().gradient();
    parameters.scope().copyToHost(MemorySegment.ofArray(host), gradient);
    return host;
  }

  /// What matrix products read of them.
  double[] stored() {
    return Host.download(parameters.get("w"));
  }

  /// Their masters, where they have some.
  double[] weights() {
    return Host.download(parameters.master("w"));
  }
}
