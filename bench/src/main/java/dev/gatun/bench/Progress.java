package dev.gatun.bench;

import java.io.PrintStream;
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

  void runAll() throws Exception {
    for (int i = 0; i < cases.size(); i++) {
      tell("[%d/%d] %s, %s left", i + 1, cases.size(), cases.get(i).name(), left(i));
      cases.get(i).work().run();
    }
    tell("done in %s", clock(seconds()));
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
