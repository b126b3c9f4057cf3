package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RunsTest {
  private static final String GOOD = "N,D,loss\n1e6,1e8,4\n1e6,1e9,3.5\n1e7,1e8,3.6\n1e7,1e9,3.2\n";

  @TempDir Path folder;

  private Path csv(String text) throws IOException {
    return Files.writeString(folder.resolve("runs.csv"), text);
  }

  @Test
  void columnsAreFoundByNameInAnyOrderAndCase() throws IOException {
    var text = "\uFEFFnote,LOSS,\"d\", n\r\n\r\nx,4,1e8,1e6\r\n,3.5,1e9,1e6\nz,\"3\",2e9,2e6\n";
    var runs = RunsFile.read(csv(text));
    var expected =
        List.of(
            TrainingRun.of(1e6, 1e8, 4),
            TrainingRun.of(1e6, 1e9, 3.5),
            TrainingRun.of(2e6, 2e9, 3));
    assertEquals(expected, runs);
    assertEquals(6e14, runs.getFirst().flops());
  }

  @Test
  void flopsMayDifferFromSixND() throws IOException {
    var run = RunsFile.read(csv("N,D,C,loss\n1e6,1e8,7e14,4\n")).getFirst();
    assertEquals(7e14, run.flops());
    assertEquals(100, run.tokensPerParameter());
  }

  @Test
  void linesOfOneRunAreItsCurve() throws IOException {
    var text = "run,N,D,loss\na,1e6,1e8,4\nb,1e7,1e8,3.9\na,1e6,2e8,3.5\na,1e6,3e8,3.4\n";
    var runs = RunsFile.read(csv(text));
    assertEquals(2, runs.size());
    var points =
        List.of(
            new TrainingRun.Point(6e14, 4),
            new TrainingRun.Point(12e14, 3.5),
            new TrainingRun.Point(18e14, 3.4));
    assertEquals(TrainingRun.of(1e6, 3e8, 3.4).withCurve(points), runs.get(0));
    assertEquals(List.of(), runs.get(1).curve());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      textBlock =
          """
          ''                                 | is empty
          N,tokens,loss;1,2,3                | has no column "D"
          D,loss;1,2                         | has no column "N"
          N,D,perplexity;1,2,3               | has no column "loss"; its header is "N,D,perplexity"
          N,D,loss,n;1,2,3,4                 | has two columns "n"
          N,D,loss;1e6,1e8                   | line 2 has 2 values for 3 columns
          N,D,loss;1e6,1e8,4;1e6,-1e8,4      | line 3: D is "-1e8"; it must be a positive number
          N,D,loss;1e6,1e8,NaN               | line 2: loss is "NaN"
          N,D,loss;1e6,1e8,                  | line 2: loss is ""
          N,D,loss;0,1e8,3                   | line 2: N is "0"
          N,D,loss;1e6,Infinity,3            | line 2: D is "Infinity"
          N,D,loss;1e6,1e8,low               | line 2: loss is "low"
          N,D,C,loss;1e6,1e8,-1,3            | line 2: C is "-1"
          run,N,D,loss;a,1,1,4;a,2,2,3       | run "a" has N 1.00000 and 2.00000
          run,N,D,loss;a,1,2,4;a,1,1,3       | run "a": the FLOPs of a curve must rise
          """)
  void aFileThatIsNoListOfRunsIsRefused(String text, String part) throws IOException {
    var file = csv(text.equals("''") ? "" : text.replace(';', '\n'));
    var refusal = assertThrows(InvalidArgument.class, () -> Runs.read(file)).getMessage();
    assertTrue(refusal.contains(part) && refusal.contains("runs.csv"), refusal);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''              | there are 4 runs; a fit needs at least 5
          1e6,1e9,3.5;    | run 5 repeats run 2
          """)
  void runsThatAreTooFewOrTwiceAreRefused(String more, String part) throws IOException {
    var file = csv(GOOD + more.replace(';', '\n'));
    var refusal = assertThrows(InvalidArgument.class, () -> Runs.read(file)).getMessage();
    assertTrue(refusal.contains(part), refusal);
  }

  @Test
  void whatIsNotThereOrNotTextIsRefused() throws IOException {
    var missing = folder.resolve("missing.csv");
    var refusal = assertThrows(InvalidArgument.class, () -> Runs.read(missing)).getMessage();
    assertTrue(refusal.contains("there is no file or folder"), refusal);
    var binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff, 0, (byte) 0xfe});
    var second = assertThrows(InvalidArgument.class, () -> Runs.read(binary)).getMessage();
    assertTrue(second.contains("is not text"), second);
  }

  @Test
  void replicatesWithOtherLossesAreRunsToo() throws IOException {
    assertEquals(5, Runs.read(csv(GOOD + "1e6,1e9,3.51\n")).all().size());
  }

  /// Sixteen runs without fault; each warning comes from one change to them.
  private static List<TrainingRun> sound() {
    var runs = new ArrayList<TrainingRun>();
    for (double n : Synthetic.ratios(1e6, 1e8, 4)) {
      for (double d : Synthetic.ratios(1e8, 1e10, 4)) {
        runs.add(TrainingRun.of(n, d, Synthetic.HOFFMANN.loss(n, d)));
      }
    }
    return runs;
  }

  @Test
  void soundRunsHaveNoWarning() {
    assertEquals(Set.of(), Runs.of(sound()).warnings());
  }

  @ParameterizedTest
  @EnumSource(
      value = Warning.class,
      names = {"FEW_POINTS", "NARROW_COVERAGE", "ONE_BUDGET", "FLOPS_DISAGREE"})
  void eachFaultHasItsWarningAlone(Warning warning) {
    assertEquals(EnumSet.of(warning), Runs.of(faulty(warning)).warnings());
  }

  private static List<TrainingRun> faulty(Warning warning) {
    var runs = sound();
    return switch (warning) {
      case FEW_POINTS -> runs.subList(0, 9);
      case NARROW_COVERAGE -> of(Synthetic.ratios(1e6, 1e9, 12), 15, 20);
      case ONE_BUDGET ->
          runs.stream()
              .map(
                  run ->
                      TrainingRun.of(
                          run.parameters() * (1 + run.loss() / 99),
                          1e16 / run.parameters(),
                          run.loss()))
              .toList();
      case FLOPS_DISAGREE -> {
        var run = runs.removeFirst();
        runs.add(
            new TrainingRun(
                run.parameters(), run.tokens(), 2.1 * run.flops(), run.loss(), List.of()));
        yield runs;
      }
      default -> throw new AssertionError(warning);
    };
  }

  private static List<TrainingRun> of(double[] sizes, double... tokensPerParameter) {
    var runs = new ArrayList<TrainingRun>();
    for (double n : sizes) {
      for (double ratio : tokensPerParameter) {
        runs.add(TrainingRun.of(n, ratio * n, Synthetic.HOFFMANN.loss(n, ratio * n)));
      }
    }
    return runs;
  }

  @Test
  void everyWarningSaysWhatIsTheMatter() {
    for (var warning : Warning.values()) assertTrue(warning.sentence().length() > 30);
  }
}
