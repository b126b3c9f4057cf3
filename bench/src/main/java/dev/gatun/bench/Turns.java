package dev.gatun.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;

/// Works that are timed in rounds: each has some runs of every one, so that what else the machine
/// does meets them alike, and begins with another. A turn begins with a run that does not count: a
/// process that has waited is some per cent slower at first. What two have to do with each other is
/// taken within rounds.
final class Turns {
  private final Map<String, Timed> works = new LinkedHashMap<>();

  /// Answers with the median of the microseconds that each of `runs` takes.
  interface Timed {
    double microseconds(int runs) throws Exception;
  }

  /// What each took, round by round.
  record Times(Map<String, double[]> all) {
    int rounds() {
      return all.values().iterator().next().length;
    }

    double of(String name) {
      return Timing.median(all.get(name));
    }

    double difference(String name, String other) {
      return paired(name, other, (a, b) -> a - b);
    }

    double ratio(String name, String other) {
      return paired(name, other, (a, b) -> a / b);
    }

    private double paired(String name, String other, DoubleBinaryOperator of) {
      var values = all.get(name).clone();
      for (int i = 0; i < values.length; i++) {
        values[i] = of.applyAsDouble(values[i], all.get(other)[i]);
      }
      return Timing.median(values);
    }
  }

  Turns with(String name, Timed work) {
    works.put(name, work);
    return this;
  }

  Turns with(String name, Runnable work) {
    return with(name, runs -> Timing.median(runs, work));
  }

  Times times(int rounds, int runs) throws Exception {
    var times = new LinkedHashMap<String, double[]>();
    works.keySet().forEach(name -> times.put(name, new double[rounds]));
    var names = works.keySet().toArray(String[]::new);
    for (int round = 0; round < rounds; round++) {
      for (int turn = 0; turn < names.length; turn++) {
        var name = names[(round + turn) % names.length];
        works.get(name).microseconds(1);
        times.get(name)[round] = works.get(name).microseconds(runs);
      }
    }
    return new Times(times);
  }
}
