package dev.gatun.bench;

import java.util.List;

/// The same step by the C program, by Java and replayed, from tiny to 124 million parameters, in
/// fp32, and in bf16 with masters and without.
final class StepCases {
  private StepCases() {}

  static List<Case> of(Run run) {
    if (run.quick()) return List.of(of(run, Net.LINEARS, 2), of(run, Net.TINY_GPT, 2));
    return List.of(
        of(run, Net.LINEARS, 22),
        of(run, Net.TINY_GPT, 22),
        of(run, "gpt2-14m", 70),
        of(run, "gpt2-124m", 110),
        of(run, "gpt2-1k-context", 70),
        of(run, "gpt2-14m" + Net.IN_BF16, 100),
        of(run, "gpt2-124m" + Net.IN_BF16, 150),
        of(run, "gpt2-124m" + Net.IN_BF16 + Net.BY_CHANCE, 150),
        of(run, "gpt2-1k-context" + Net.IN_BF16, 100));
  }

  private static Case of(Run run, String net, double seconds) {
    return new Case("steps " + net, seconds, () -> measure(run, net));
  }

  private static void measure(Run run, String net) throws Exception {
    JavaShare.Share share;
    try (var empty = new EmptyKernels(run.backend())) {
      share = JavaShare.of(run, net, empty);
    }
    int threads = run.threadsFor(net);
    try (var device = run.open(threads)) {
      Step.requireSameBits(device, net);
    }
    try (var device = run.open(threads);
        var step = new Step(device, net)) {
      step.prepare();
      try (var program = new WrittenProgram(step, run.backend(), threads)) {
        program.requireSameBits(step);
        run.rows().add(new StepTimes(run, step).measured(net, program, share));
      }
      step.requireSensible();
    }
  }
}
