package dev.gatun.bench;

import dev.gatun.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/// Every op of [KernelRows], in fp32 and in bf16.
final class KernelCases {
  private KernelCases() {}

  static List<Case> of(Run run) {
    var bench = new OpBench(run, Subject.kernels, DType.F32, DType.BF16);
    var cases = new ArrayList<Case>();
    cases.add(bench.ceilings());
    var rows = run.quick() ? KernelRows.of(48, 48, 64) : KernelRows.of(1024, 768, 8192);
    for (var sample : rows) cases.add(bench.of(sample));
    return cases;
  }
}
