package dev.gatun.bench;

import java.util.ArrayList;
import java.util.List;

/// The rows of a run, printed as they come.
final class Rows {
  private final List<Row> all = new ArrayList<>();

  void add(Row row) {
    all.add(row);
    System.out.println(row);
  }

  List<Row> all() {
    return List.copyOf(all);
  }
}
