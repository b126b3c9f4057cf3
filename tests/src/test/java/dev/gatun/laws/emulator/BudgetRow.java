package dev.gatun.laws.emulator;

import java.util.Arrays;
import java.util.stream.Stream;

/// A line of a table of budgets: `name | sizes | ragged sizes | read | written | alone |
/// narrow`. Ragged sizes replace those of the same name; either may be missing. The rest are
/// sums, as [Case#bytes] takes them, the last two none where nothing stands.
record BudgetRow(
    String kernel,
    String sizes,
    String ragged,
    String read,
    String written,
    String alone,
    String narrow) {

  static BudgetRow parse(String line) {
    var columns = Arrays.stream(line.split("\\|", -1)).map(String::strip).toList();
    return new BudgetRow(
        columns.get(0),
        columns.get(1),
        columns.get(2),
        columns.get(3),
        columns.get(4),
        columns.size() > 5 ? columns.get(5) : "0",
        columns.size() > 6 ? columns.get(6) : "0");
  }

  Stream<Case> wholeCases() {
    return sizes.isEmpty() ? Stream.empty() : Case.all(kernel, sizes);
  }

  Stream<Case> raggedCases() {
    return ragged.isEmpty() ? Stream.empty() : Case.all(kernel, sizes + " " + ragged);
  }

  Budget of(Case call) {
    return new Budget(call.bytes(read), call.bytes(written), call.bytes(alone), call.bytes(narrow));
  }
}
