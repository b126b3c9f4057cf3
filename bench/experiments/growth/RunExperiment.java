package growth;

import common.Gatun;
import common.Rows;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.Callable;

/// Trains a byte GPT of 834,304 parameters on the default corpus from scratch and from smaller
/// models grown by each method, and keeps a record of each run beside this file. What has a record
/// is not run again, and what was interrupted is resumed or begun anew.
///
///     java bench/experiments/growth/RunExperiment.java FOLDER_OF_RUNS
///
/// For each way the rate of the larger model is the better of two or, from scratch, three; there
/// come two more seeds. From scratch also half and twice as many steps are run. Two runs share the
/// machine, each on one thread.
final class RunExperiment {
  private static final Path RECORD = Path.of("bench", "experiments", "growth", "record");

  private Path runs;

  void main(String[] args) throws Exception {
    runs = Path.of(args[0]);
    Files.createDirectories(runs);
    Gatun.build();
    var first = new ArrayList<Arm>();
    for (var way : Ways.ALL) first.addAll(Ways.rates(way));
    smallModels(first);
    losses(first);
    var others = new ArrayList<Arm>();
    for (var way : Ways.ALL) {
      var best = Ways.best(RECORD, way);
      for (long seed = 2; seed <= Ways.SEEDS; seed++) others.add(best.withSeed(seed));
      if (!way.isScratch()) continue;
      others.add(best.withSteps(Arm.STEPS / 2));
      others.add(best.withSteps(Arm.STEPS * 2));
    }
    smallModels(others);
    losses(others);
  }

  /// Several ways begin from one model: it is trained once, before them.
  private void smallModels(List<Arm> arms) throws Exception {
    var trained = new LinkedHashSet<String>();
    var work = new ArrayList<Callable<Void>>();
    for (var arm : arms) {
      if (arm.isScratch() || !trained.add(arm.smallName())) continue;
      work.add(
          () -> {
            var record = RECORD.resolve(arm.smallName() + ".jsonl");
            var folder = runs.resolve(arm.smallName());
            boolean isThere = Files.exists(record) && Files.exists(folder.resolve("latest"));
            if (!isThere) Gatun.train(folder, arm.smallOptions(), record);
            return null;
          });
    }
    Gatun.byTwos(work);
    var grown = new ArrayList<Callable<Void>>();
    var names = new LinkedHashSet<String>();
    for (var arm : arms) {
      if (!arm.isScratch() && names.add(arm.grownName())) grown.add(() -> grow(arm));
    }
    Gatun.byTwos(grown);
  }

  private Void grow(Arm arm) throws Exception {
    var folder = runs.resolve(arm.grownName());
    if (!Files.exists(folder)) {
      var options = new ArrayList<>(arm.growOptions());
      options.add("--from=" + runs.resolve(arm.smallName()));
      Gatun.grow(folder, options);
    }
    var record = RECORD.resolve(arm.grownName() + ".jsonl");
    if (arm.isLearned() && !Files.exists(record)) {
      Rows.read(folder.resolve("ligo.jsonl")).write(record);
    }
    return null;
  }

  private void losses(List<Arm> arms) throws Exception {
    var work = new ArrayList<Callable<Void>>();
    for (var arm : arms.stream().sorted(Comparator.comparing(Arm::steps).reversed()).toList()) {
      work.add(
          () -> {
            var record = RECORD.resolve(arm.name() + ".jsonl");
            if (!Files.exists(record)) {
              var options = new ArrayList<>(arm.options());
              if (!arm.isScratch()) options.add("--init=" + runs.resolve(arm.grownName()));
              Gatun.train(runs.resolve(arm.name()), options, record);
            }
            IO.println("%-50s %.4f".formatted(arm.name(), Ways.loss(RECORD, arm)));
            return null;
          });
    }
    Gatun.byTwos(work);
  }
}
