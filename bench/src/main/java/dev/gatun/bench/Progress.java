package dev.gatun.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/// Runs cases one after the other, and tells before each which it is and how long the rest will
/// take, by how the time so far compares with what was expected.
final class Progress {
  private final List<Case> cases;
  private final PrintStream out;
  private final List<String> failed = new ArrayList<>();
  private int behind;
  private final long began = System.nanoTime();

  Progress(List<Case> cases, PrintStream out) {
    this.cases = cases;
    this.out = out;
  }

  /// Runs all, and `keep` before the first and behind each. One that fails takes no other's numbers
  /// with it.
  void runAll(Runnable keep) throws InterruptedException {
    keep.run();
    for (var each : cases) {
      tell("[%d/%d] %s, %s left", behind + 1, cases.size(), each.name(), left());
      if (!succeeds(each)) failed.add(each.name());
      behind++;
      keep.run();
    }
    tell("done in %s%s", clock(seconds()), failed.isEmpty() ? "" : "; failed: " + failed);
  }

  /// The names of those that have failed so far.
  List<String> failed() {
    return List.copyOf(failed);
  }

  /// The names of those that have not ended yet.
  List<String> toCome() {
    return cases.subList(behind, cases.size()).stream().map(Case::name).toList();
  }

  private boolean succeeds(Case each) throws InterruptedException {
    try {
      each.work().run();
      return true;
    } catch (InterruptedException stop) {
      throw stop;
    } catch (Exception | Error failure) {
      BenchFailure.tell(failure, out);
      return false;
    }
  }

  private void tell(String form, Object... parts) {
    out.println(Text.of(form, parts));
  }

  private String left() {
    double thought = expected(0, behind);
    double pace = thought == 0 ? 1 : seconds() / thought;
    return "about " + clock(pace * expected(behind, cases.size()));
  }

  private double expected(int from, int to) {
    return cases.subList(from, to).stream().mapToDouble(Case::seconds).sum();
  }

  private double seconds() {
    return (System.nanoTime() - began) * 1e-9;
  }

  private static String clock(double seconds) {
    long whole = Math.round(seconds);
    return Text.of("%d:%02d", whole / 60, whole % 60);
  }
}
