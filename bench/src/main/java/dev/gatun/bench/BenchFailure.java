package dev.gatun.bench;

import dev.gatun.GatunException;
import java.io.PrintStream;

/// A run whose numbers would mean nothing.
final class BenchFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  BenchFailure(String why, Object... parts) {
    super(Text.of(why, parts));
  }

  /// Tells what went wrong: a sentence where it was foreseen, else where in the code as well.
  static void tell(Throwable failure, PrintStream to) {
    boolean foreseen = failure instanceof GatunException || failure instanceof BenchFailure;
    to.println("gatun: " + (foreseen ? failure.getMessage() : failure));
    if (!foreseen) failure.printStackTrace(to);
  }
}
