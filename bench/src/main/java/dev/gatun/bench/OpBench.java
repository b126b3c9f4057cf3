package dev.gatun.bench;

import dev.gatun.laws.OpSample;
import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;

/// Measures an op by its four rules in fp32, after a look at its answers.
final class OpBench {
  private final Run run;
  private final Subject bench;
  private final Ceilings ceilings;

  OpBench(Run run, Subject bench, Ceilings ceilings) {
    this.run = run;
    this.bench = bench;
    this.ceilings = ceilings;
  }

  /// The case for a sample.
  Case of(OpSample sample) {
    return new Case(bench + " " + sample.name(), expected(sample), () -> measure(sample));
  }

  private double expected(OpSample sample) {
    double checked = Flops.of(sample, Rule.PULLBACK_TANGENT) * 1e-9;
    return 4 * 1.5 * run.seconds() + checked;
  }

  private void measure(OpSample sample) {
    try (var device = run.open();
        var memory = device.scope()) {
      var op = new PreparedOp(memory, sample, DType.F32);
      OpCheck.require(device, op, sample);
      measure(op, sample, run.seconds());
    }
  }

  /// The same for a sample whose answers are known, for about so many seconds a rule.
  void measure(Device device, OpSample sample, double seconds) {
    try (var memory = device.scope()) {
      measure(new PreparedOp(memory, sample, DType.F32), sample, seconds);
    }
  }

  private void measure(PreparedOp op, OpSample sample, double seconds) {
    for (var rule : Rule.values()) {
      double us = Timing.batched(seconds, () -> op.run(rule), op::join);
      var row = Row.of(bench, sample.name()).with("rule", rule.toString());
      run.rows().add(ceilings.rated(row, us, op.bytes(rule), Flops.of(sample, rule)));
    }
  }
}
