import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

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
void main(String[] args) throws Exception {
  runs = Path.of(args[0]);
  Files.createDirectories(runs);
  Files.createDirectories(RECORD);
  require("./gatun", "--version"); // which builds what is stale, once for all runs
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

static final Path HERE = Path.of("bench", "experiments", "sophia");
static final Path RECORD = HERE.resolve("record");

Path runs;

/// The best rate of a sweep. A step of Sophia's is its rate wherever it is clipped, one of
/// AdamW's a part of it, so that Sophia's sweep begins lower.
double swept(String optimizer) throws Exception {
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
List<Double> losses(List<Trial> trials) throws Exception {
  try (var two = Executors.newFixedThreadPool(2)) {
    var found = new ArrayList<Double>();
    for (var end : two.invokeAll(trials.stream().map(this::recorded).toList())) {
      found.add(end.get());
    }
    return found;
  }
}

Callable<Double> recorded(Trial trial) {
  return () -> {
    var record = RECORD.resolve(trial.name() + ".jsonl");
    if (!Files.exists(record)) train(trial, runs.resolve(trial.name()), record);
    double loss = Rows.read(record).lossAfter(trial.steps()).orElse(Double.POSITIVE_INFINITY);
    IO.println("%-40s %.4f".formatted(trial.name(), loss));
    return loss;
  };
}

void train(Trial trial, Path folder, Path record) throws Exception {
  var words = new ArrayList<>(List.of("./gatun", "train"));
  if (Files.exists(folder.resolve("latest"))) {
    words.add("--resume=" + folder);
  } else {
    delete(folder);
    words.add("--out=" + folder);
    words.addAll(trial.options());
  }
  var log = folder.resolveSibling(trial.name() + ".log").toFile();
  var process = new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(log).start();
  long peak = 0;
  while (!process.waitFor(200, TimeUnit.MILLISECONDS)) peak = Math.max(peak, resident(process));
  var rows = Rows.read(folder.resolve("journal.jsonl")).condensed();
  boolean ended = process.exitValue() == 0;
  if (!ended && !Files.readString(log.toPath()).contains("training stops")) {
    throw new IllegalStateException(trial.name() + " failed: see " + log);
  }
  rows.withPeak(peak).write(record);
}

void require(String... words) throws Exception {
  if (new ProcessBuilder(words).inheritIO().start().waitFor() != 0) {
    throw new IllegalStateException(String.join(" ", words) + " failed");
  }
}

/// The most memory that the process has held, in bytes.
long resident(Process process) throws IOException {
  var status = Path.of("/proc/%d/status".formatted(process.pid()));
  if (!Files.exists(status)) return 0;
  try (Stream<String> lines = Files.lines(status)) {
    return lines
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
        .findFirst()
        .orElse(0);
  } catch (IOException ended) {
    return 0;
  }
}

void delete(Path folder) throws IOException {
  if (!Files.exists(folder)) return;
  try (Stream<Path> all = Files.walk(folder)) {
    for (var file : all.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
  }
}
