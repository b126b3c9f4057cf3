package dev.gatun.bench;

import static dev.gatun.laws.Argument.floats;

import dev.gatun.laws.OpSample;
import dev.gatun.op.Attention;
import dev.gatun.op.MatMul;
import dev.gatun.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/// Products, attention and the MLP block from small to large.
final class LadderCases {
  private static final int HEADS = 12;
  private static final int HEAD_SIZE = 64;

  private LadderCases() {}

  static List<Case> of(Run run) {
    var bench = new OpBench(run, Subject.ladder, DType.F32);
    var cases = new ArrayList<Case>();
    cases.add(bench.ceilings());
    for (int n : run.quick() ? new int[] {16, 32} : new int[] {16, 32, 64, 128, 256, 512, 1024}) {
      cases.add(bench.of(product(n)));
    }
    for (int context : run.quick() ? new int[] {16} : new int[] {64, 128, 256, 512, 1024, 2048}) {
      cases.add(bench.of(attention(context)));
    }
    for (int rows : run.quick() ? new int[] {16} : new int[] {16, 64, 256, 1024}) {
      cases.add(bench.of(KernelRows.mlp(rows, run.quick() ? 32 : HEADS * HEAD_SIZE)));
    }
    return cases;
  }

  private static OpSample product(int n) {
    return new OpSample(new MatMul(), null, floats(n, n), floats(n, n));
  }

  /// One causal sequence.
  private static OpSample attention(int context) {
    var op = new Attention(HEADS, 1 / Math.sqrt(HEAD_SIZE), true);
    return new OpSample(op, null, floats(1, context, 3L * HEADS * HEAD_SIZE));
  }
}
