package dev.gatun.bench;

import dev.gatun.laws.OpLaws;
import dev.gatun.laws.OpSample;
import dev.gatun.laws.OpSamples;
import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/// Every row of [OpSamples], a case an op. The laws that hold each of them to the op's definition
/// run first, but for a quick run: they are a part of every build. What they see in fp64 alone is
/// looked at in the type that is timed.
final class SampleCases {
  private static final double SECONDS_A_RULE = 0.005;
  private static final double QUICK_SECONDS = 0.0002;

  private static final List<String> LAWS =
      List.of("valuesAndGradientsFollowTheDefinition", "tangentsAreDirectionalDerivatives");

  private SampleCases() {}

  static List<Case> of(Run run) {
    var bench = new OpBench(run, Subject.samples, DType.F32);
    var cases = new ArrayList<Case>();
    cases.add(bench.ceilings());
    byOp().forEach((op, samples) -> cases.add(of(run, bench, op, samples)));
    return cases;
  }

  private static LinkedHashMap<String, List<OpSample>> byOp() {
    var byOp = new LinkedHashMap<String, List<OpSample>>();
    for (var sample : OpSamples.ALL) {
      byOp.computeIfAbsent(sample.op().getClass().getSimpleName(), _ -> new ArrayList<>())
          .add(sample);
    }
    return byOp;
  }

  private static Case of(Run run, OpBench bench, String op, List<OpSample> samples) {
    double seconds = run.quick() ? QUICK_SECONDS : SECONDS_A_RULE;
    return new Case(
        Text.of("samples %s, %d of them", op, samples.size()),
        samples.size() * 8 * seconds,
        () -> measure(run, bench, samples, seconds));
  }

  private static void measure(Run run, OpBench bench, List<OpSample> samples, double seconds) {
    try (var device = run.open()) {
      for (var sample : samples) {
        if (!run.quick()) requireLawful(device, sample);
        bench.measure(device, sample, seconds);
      }
    }
  }

  private static void requireLawful(Device device, OpSample sample) {
    var laws = OpLaws.on(device);
    for (var law : LAWS) laws.get(law).check(device, sample);
  }
}
