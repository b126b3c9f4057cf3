package dev.gatun.bench;

import dev.gatun.laws.OpSample;
import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import java.util.List;

/// Measures an op by its four rules in each of some types, after a look at its answers.
final class OpBench {
  private final Run run;
  private final Subject bench;
  private final List<DType> types;
  private final Ceilings ceilings;

  OpBench(Run run, Subject bench, DType... types) {
    this.run = run;
    this.bench = bench;
    this.types = List.of(types);
    ceilings = new Ceilings(run, types);
  }

  /// The case that comes first: what the others are held to.
  Case ceilings() {
    return ceilings.measured(bench);
  }

  /// The case for a sample.
  Case of(OpSample sample) {
    return new Case(bench + " " + sample.name(), expected(sample), () -> measure(sample));
  }

  private double expected(OpSample sample) {
    double checked = Flops.of(sample, Rule.PULLBACK_TANGENT) * 1e-9;
    return types.size() * (4 * 1.5 * run.seconds() + checked);
  }

  private void measure(OpSample sample) {
    try (var device = run.open()) {
      measure(device, sample, run.seconds());
    }
  }

  /// For about so many seconds a rule.
  void measure(Device device, OpSample sample, double seconds) {
    for (var type : types) {
      try (var memory = device.scope()) {
        var op = new PreparedOp(memory, sample, type);
        OpCheck.require(device, op, sample);
        measure(op, sample, seconds);
      }
    }
  }

  private void measure(PreparedOp op, OpSample sample, double seconds) {
    for (var rule : Rule.values()) {
      double us = Timing.batched(seconds, () -> op.run(rule), op::join);
      var row = Row.of(bench, sample.name()).with("type", Text.of(op.type()));
      run.rows()
          .add(rated(row.with("rule", rule.toString()), us, op, Flops.of(sample, rule), rule));
    }
  }

  /// Bound by its products is what has any.
  private Row rated(Row row, double us, PreparedOp op, double flops, Rule rule) {
    if (flops == 0) return ceilings.byMemory(row, us, op.bytes(rule));
    return ceilings.byProducts(row, us, op.bytes(rule), flops, op.type());
  }
}
