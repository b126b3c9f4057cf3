package dev.gatun.bench;

import dev.gatun.memory.Scope;
import dev.gatun.nn.Parameters;
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

  /// `count` of them, a multiple of 8.
  RandomWeights(Scope memory, long count, DType dtype) {
    parameters = Parameters.declare().matrix("w", count / 8, 8).allocate(memory, dtype);
    key = memory.longs(2);
    draw(parameters.master("w").data(), 1, 0.02);
    parameters.round();
    draw(parameters.gradients(), 2, 1e-3);
    keepGradients();
  }

  private void draw(MemorySegment to, long seed, double deviation) {
    var scope = parameters.scope();
    scope.copyToDevice(key, MemorySegment.ofArray(new long[] {seed, 0}));
    var stream = parameters.device().stream().handle();
    int dtype = parameters.dtype().wide().code();
    parameters
        .device()
        .kernels()
        .randomNormal(stream, to, key, 0, parameters.count(), 0, deviation, dtype);
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

  /// The gradients stand for a product with the Hessian, which is as good to divide by.
  private Sophia withCurvature(Sophia sophia) {
    keepGradients();
    new Hutchinson(parameters, 3).refresh(sophia);
    return sophia;
  }

  float[] gradients() {
    var w = parameters.get("w");
    var host = new float[Math.toIntExact(w.shape().count())];
    var gradient = w.slot().orElseThrow().gradient();
    parameters.scope().copyToHost(MemorySegment.ofArray(host), gradient);
    return host;
  }

  double[] weights() {
    return parameters.get("w").toDoubles();
  }
}
