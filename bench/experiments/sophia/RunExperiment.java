package sophia;

import common.Gatun;
import common.Rows;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/// Trains a byte GPT of 834,304 parameters on the default corpus by AdamW, Sophia-H and Sophia-G,
/// and keeps a record of each run beside this file. What has a record is not run again, and what
/// was interrupted is resumed.
///
///     java bench/experiments/sophia/RunExperiment.java FOLDER_OF_RUNS
///
/// First each optimizer's rate is swept by factors of 2, and further while the best lies at an end.
/// At the best rate come two more seeds; AdamW for half and twice as many steps; curvature
/// refreshed at every step and at every hundredth; and steps that are not clipped. Two runs share
/// the machine, each on one thread.
final class RunExperiment {
  private static final Path HERE = Path.of("bench", "experiments", "sophia");
  private static final Path RECORD = HERE.resolve("record");

  private Path runs;

  void main(String[] args) throws Exception {
    runs = Path.of(args[0]);
    Files.createDirectories(runs);
    Gatun.build();
    var others = new ArrayList<Trial>();
    for (var optimizer : Trial.OPTIMIZERS) {
      var best = Trial.of(optimizer, swept(optimizer));
      others.add(best.withSeed(2));
      others.add(best.withSeed(3));
      if (optimizer.equals("adamw")) {
        others.add(best.withSteps(Trial.STEPS * 2));
        others.add(best.withSteps(Trial.STEPS / 2));
      } else {
        others.add(best.refreshedEvery(1));
        others.add(best.refreshedEvery(100));
        others.add(best.unclipped(optimizer.equals("sophia-h") ? 0.01 : 0.05, 0.2));
      }
    }
    losses(others);
  }

  /// The best rate of a sweep. A step of Sophia's is its rate wherever it is clipped, one of
  /// AdamW's a part of it, so that Sophia's sweep begins lower.
  private double swept(String optimizer) throws Exception {
    double lowest = optimizer.equals("adamw") ? 1.5e-3 : 3.75e-4;
    var rates = new ArrayList<>(List.of(lowest, 2 * lowest, 4 * lowest, 8 * lowest));
    for (; ; ) {
      var losses = losses(rates.stream().map(rate -> Trial.of(optimizer, rate)).toList());
      int best = losses.indexOf(losses.stream().min(Double::compare).orElseThrow());
      if (best == 0) {
        rates.addAll(0, List.of(rates.getFirst() / 4, rates.getFirst() / 2));
      } else if (best == rates.size() - 1) {
        rates.addAll(List.of(rates.getLast() * 2, rates.getLast() * 4));
      } else {
        return rates.get(best);
      }
    }
  }

  /// The last validation loss of each trial; infinite where it came to no end.
  private List<Double> losses(List<Trial> trials) throws Exception {
    return Gatun.byTwos(trials.stream().map(this::recorded).toList());
  }

  private Callable<Double> recorded(Trial trial) {
    return () -> {
      var record = RECORD.resolve(trial.name() + ".jsonl");
      if (!Files.exists(record)) {
        Gatun.train(runs.resolve(trial.name()), trial.options(), record);
      }
      double loss = Rows.read(record).lossAfter(trial.steps()).orElse(Double.POSITIVE_INFINITY);
      IO.println("%-40s %.4f".formatted(trial.name(), loss));
      return loss;
    };
  }
}
