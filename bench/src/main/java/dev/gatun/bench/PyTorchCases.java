package dev.gatun.bench;

import dev.gatun.bench.PyTorch.Work;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.laws.Argument;
import dev.gatun.laws.OpSample;
import dev.gatun.op.Attention;
import dev.gatun.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/// What we do and what PyTorch does, in turns.
final class PyTorchCases {
  private static final int ROUNDS = 7;
  private static final double ROUND_SECONDS = 0.5;
  private static final double QUICK_SECONDS = 0.02;
  private static final int MOST = 5000;

  private static final String[] GPTS = {"gpt2-14m", "gpt2-124m", "gpt2-1k-context"};

  private PyTorchCases() {}

  static List<Case> of(Run run) {
    if (run.quick()) return List.of(step(run, Net.LINEARS, 3));
    var cases = new ArrayList<Case>();
    cases.add(step(run, Net.LINEARS, 20));
    cases.add(step(run, Net.TINY_GPT, 20));
    for (var net : GPTS) cases.add(step(run, net, 40));
    // Without instructions for it a step of PyTorch takes minutes.
    if (Environment.multipliesBf16()) {
      for (var net : GPTS) cases.add(step(run, net + Net.IN_BF16, 30));
    }
    for (var net : List.of("gpt2-14m", "gpt2-1k-context")) {
      cases.add(gradient(run, net));
      cases.add(product(run, net));
    }
    cases.add(attention(run));
    cases.add(adamw(run));
    return cases;
  }

  private static Case named(Work work, String name, double seconds, Case.Work measured) {
    return new Case("pytorch " + work + " " + name, seconds, measured);
  }

  private static Case step(Run run, String net, double seconds) {
    return named(
        Work.step,
        net,
        seconds,
        () -> {
          try (var device = run.open(run.threadsFor(net));
              var step = new Step(device, net)) {
            var agreement = net.equals(Net.LINEARS) ? Agreement.onStep(device) : Agreement.NONE;
            beside(run, Work.step, net, agreement, step::replay);
          }
        });
  }

  private static Case gradient(Run run, String net) {
    return named(
        Work.gradient,
        net,
        40,
        () -> {
          try (var device = run.open()) {
            var walks = new Walks(device, Net.of(net, device.scope()));
            beside(run, Work.gradient, net, () -> walks.walk(Tape::backward));
          }
        });
  }

  private static Case product(Run run, String net) {
    return named(
        Work.gradientAndProduct,
        net,
        90,
        () -> {
          try (var device = run.open()) {
            var walks = new Walks(device, Net.of(net, device.scope()));
            var product = HessianVector.along(walks.direction(1));
            beside(run, Work.gradientAndProduct, net, () -> walks.walk(product::of));
          }
        });
  }

  private static Case attention(Run run) {
    int batch = 2, heads = 8, context = 1024, size = 64;
    var name = Text.of("%dx%dx%dx%d", batch, heads, context, size);
    var op = new Attention(heads, 1 / Math.sqrt(size), true);
    var sample = new OpSample(op, null, Argument.floats(batch, context, 3L * heads * size));
    return named(
        Work.attention,
        name,
        10,
        () -> {
          try (var device = run.open()) {
            var prepared = new PreparedOp(device.scope(), sample, DType.F32);
            OpCheck.require(device, prepared, sample);
            beside(
                run,
                Work.attention,
                name,
                () -> {
                  prepared.run(Rule.FORWARD);
                  prepared.run(Rule.PULLBACK);
                  prepared.join();
                });
          }
        });
  }

  private static Case adamw(Run run) {
    var count = OptimizerCases.WEIGHTS;
    return named(
        Work.adamw,
        "" + count,
        15,
        () -> {
          try (var device = run.open()) {
            var weights = new RandomWeights(device.scope(), count, DType.F32);
            var adamw = weights.optimizer("adamw");
            beside(
                run, Work.adamw, "" + count, Agreement.onAdamW(device), () -> weights.step(adamw));
          }
        });
  }

  /// Times `ours` beside PyTorch's work of this name.
  private static void beside(Run run, Work work, String name, Runnable ours) throws Exception {
    beside(run, work, name, Agreement.NONE, ours);
  }

  private static void beside(Run run, Work work, String name, Agreement agreement, Runnable ours)
      throws Exception {
    try (var pytorch = new PyTorch(work, name, run.threadsFor(name), agreement)) {
      double seconds = run.quick() ? QUICK_SECONDS : ROUND_SECONDS;
      pytorch.program().microseconds(2);
      int runs = Timing.fitting(seconds, 1, MOST, ours);
      int others = (int) Math.clamp(1e6 * seconds / pytorch.program().microseconds(2), 1, MOST);
      var times =
          new Turns()
              .with("ours", ours)
              .with("theirs", others, pytorch.program())
              .times(ROUNDS, runs);
      run.rows()
          .add(
              Row.of(Subject.pytorch, name)
                  .with("work", work.name())
                  .with("by", pytorch.version())
                  .with("gatun_us", times.of("ours"))
                  .with("us", times.of("theirs"))
                  .with("share", times.ratio("ours", "theirs")));
    }
  }
}
