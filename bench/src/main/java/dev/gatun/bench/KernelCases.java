package dev.gatun.bench;

import java.util.ArrayList;
import java.util.List;

/// Every op of [KernelRows].
final class KernelCases {
  private KernelCases() {}

  static List<Case> of(Run run) {
    var ceilings = new Ceilings(run);
    var bench = new OpBench(run, Subject.kernels, ceilings);
    var cases = new ArrayList<Case>();
    cases.add(ceilings.measured(Subject.kernels));
    var rows = run.quick() ? KernelRows.of(48, 48, 64) : KernelRows.of(1024, 768, 8192);
    for (var sample : rows) cases.add(bench.of(sample));
    return cases;
  }
}
