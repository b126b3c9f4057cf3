package dev.gatun.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/// Runs cases one after the other, and tells before each which it is and how long the rest will
/// take, by how the time so far compares with what was expected.
final class Progress {
  private final List<Case> cases;
  private final PrintStream out;
  private final long began = System.nanoTime();

  Progress(List<Case> cases, PrintStream out) {
    this.cases = cases;
    this.out = out;
  }

  /// Answers with the names of those that failed: one that does takes no other's numbers with it.
  List<String> runAll() throws InterruptedException {
    var failed = new ArrayList<String>();
    for (int i = 0; i < cases.size(); i++) {
      var each = cases.get(i);
      tell("[%d/%d] %s, %s left", i + 1, cases.size(), each.name(), left(i));
      if (!succeeds(each)) failed.add(each.name());
    }
    tell("done in %s%s", clock(seconds()), failed.isEmpty() ? "" : "; failed: " + failed);
    return failed;
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

  private String left(int done) {
    double behind = expected(0, done);
    double pace = behind == 0 ? 1 : seconds() / behind;
    return "about " + clock(pace * expected(done, cases.size()));
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
