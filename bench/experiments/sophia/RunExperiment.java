import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
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
/// refreshed at every step and at every hundredth; and steps that are not clipped.
void main(String[] args) throws Exception {
  var runs = Path.of(args[0]);
  Files.createDirectories(RECORD);
  for (var optimizer : Trial.OPTIMIZERS) {
    double best = swept(optimizer, runs);
    var trial = Trial.of(optimizer, best);
    for (long seed = 2; seed <= 3; seed++) recorded(trial.withSeed(seed), runs);
    if (optimizer.equals("adamw")) {
      recorded(trial.withSteps(Trial.STEPS / 2), runs);
      recorded(trial.withSteps(Trial.STEPS * 2), runs);
    } else {
      recorded(trial.refreshedEvery(1), runs);
      recorded(trial.refreshedEvery(100), runs);
      recorded(trial.unclipped(optimizer.equals("sophia-h") ? 0.01 : 0.05, 0.2), runs);
    }
  }
}

static final Path HERE = Path.of("bench", "experiments", "sophia");
static final Path RECORD = HERE.resolve("record");

/// The best rate of a sweep.
double swept(String optimizer, Path runs) throws Exception {
  var rates = new ArrayList<>(List.of(1.5e-3, 3e-3, 6e-3, 1.2e-2));
  for (; ; ) {
    var losses = new ArrayList<Double>();
    for (double rate : rates) losses.add(recorded(Trial.of(optimizer, rate), runs));
    int best = losses.indexOf(losses.stream().min(Double::compare).orElseThrow());
    if (best == 0) rates.addFirst(rates.getFirst() / 2);
    else if (best == rates.size() - 1) rates.addLast(rates.getLast() * 2);
    else return rates.get(best);
  }
}

/// The last validation loss of a trial; infinite where it came to no end.
double recorded(Trial trial, Path runs) throws Exception {
  var record = RECORD.resolve(trial.name() + ".jsonl");
  if (!Files.exists(record)) train(trial, runs.resolve(trial.name()), record);
  double loss = Rows.read(record).lossAfter(trial.steps()).orElse(Double.POSITIVE_INFINITY);
  IO.println("%-40s %.4f".formatted(trial.name(), loss));
  return loss;
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
  Files.createDirectories(folder.toAbsolutePath().getParent());
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
