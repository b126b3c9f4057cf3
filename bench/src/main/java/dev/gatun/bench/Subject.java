package dev.gatun.bench;

import java.util.List;
import java.util.function.Function;

/// What can be measured, by the name that the command line has for it.
enum Subject {
  /// What a call costs on each floor.
  boundary(BoundaryCases::of),
  /// The same step by the C program, by Java and replayed.
  steps(StepCases::of),
  /// The largest steps replayed beside the C program, with bounds of what a replay takes more.
  replays(ReplayCases::of),
  /// Every op by its four rules at the sizes of a training, in fp32 and bf16.
  kernels(KernelCases::of),
  /// Every sample of the laws by its four rules: sizes so small that the call counts.
  samples(SampleCases::of),
  /// Products, attention and the MLP block over sizes.
  ladder(LadderCases::of),
  /// A step of each optimizer, in fp32 and over weights in bf16.
  optimizers(OptimizerCases::of),
  /// A product with the Hessian against the gradient.
  hvp(HessianCases::of),
  /// The work of others that is compared.
  djl(DjlCases::of, DjlCases::requirePeer),
  pytorch(PyTorchCases::of, PyTorch::requireHere);

  private final Function<Run, List<Case>> cases;
  private final Requirement peer;

  /// Fails where something is missing.
  private interface Requirement {
    void check() throws Exception;
  }

  Subject(Function<Run, List<Case>> cases) {
    this(cases, null);
  }

  Subject(Function<Run, List<Case>> cases, Requirement peer) {
    this.cases = cases;
    this.peer = peer;
  }

  List<Case> cases(Run run) {
    return cases.apply(run);
  }

  /// Fails where its peer cannot run here: before anything is measured.
  void requirePeer() throws Exception {
    if (isPeer()) peer.check();
  }

  /// Whether it is run only where peers are asked for.
  boolean isPeer() {
    return peer != null;
  }
}
