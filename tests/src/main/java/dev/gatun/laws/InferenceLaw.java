package dev.gatun.laws;

import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;

/// Values do not depend, but for rounding, on whether outputs are kept for a pullback. In fp64.
public final class InferenceLaw implements Law {
  @Override
  public void check(Device device, OpSample sample) {
    var run = new OpRun(device, sample, DType.F64);
    var x = sample.draw(sample.random());
    var training = run.forward(x, true).values();
    var inference = run.forward(x, false).values();
    long terms = 4 + sample.shapes().stream().mapToLong(shape -> shape.count()).max().orElse(0);
    for (int i = 0; i < training.length; i++) {
      double rounding = terms * Math.ulp(1.0) * Math.max(1, Norms.largest(training[i]));
      int at = Norms.firstBeyond(training[i], inference[i], rounding);
      sample.require(
          at < 0, "value %d differs at element %d between training and inference", i, at);
    }
  }
}
