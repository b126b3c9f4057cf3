package dev.gatun.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.IntStream;

/// Works that are timed in rounds: each has some runs of every one, so that what else the machine
/// does meets them alike. Rounds come in pairs, one with the order of the other reversed, and each
/// pair begins with another work, so that each has each other before it as often as behind it. A
/// turn begins with a run that does not count: the first behind another's, which had the caches and
/// maybe the cores, is some per cent slower. What two have to do with each other is taken within
/// rounds.
final class Turns {
  private static final int OF_THE_ROUND = 0;

  private final Map<String, Work> works = new LinkedHashMap<>();

  /// `runs` is how many it has in a turn.
  private record Work(Timed timed, int runs) {
    double microseconds(int ofTheRound) throws Exception {
      timed.microseconds(1);
      return timed.microseconds(runs == OF_THE_ROUND ? ofTheRound : runs);
    }
  }

  /// Answers with the median of the microseconds that each of `runs` takes.
  interface Timed {
    double microseconds(int runs) throws Exception;
  }

  /// Of how many rounds a ratio lies below the median differs by half their root, times this in
  /// 19 of 20 measurements.
  private static final double STANDARD_ERRORS = 1.96;

  /// Bounds of a median.
  record Within(double least, double most) {}

  /// What each took, round by round.
  record Times(Map<String, double[]> all) {
    int rounds() {
      return all.values().iterator().next().length;
    }

    double of(String name) {
      return Timing.median(all.get(name));
    }

    double least(String name) {
      return Arrays.stream(all.get(name)).min().orElseThrow();
    }

    double most(String name) {
      return Arrays.stream(all.get(name)).max().orElseThrow();
    }

    /// Of the rounds in which that work took less than `microseconds`.
    Times under(String name, double microseconds) {
      var limiting = all.get(name);
      var those = IntStream.range(0, rounds()).filter(i -> limiting[i] < microseconds).toArray();
      var kept = new LinkedHashMap<String, double[]>();
      all.forEach(
          (work, taken) ->
              kept.put(work, IntStream.of(those).mapToDouble(i -> taken[i]).toArray()));
      return new Times(kept);
    }

    double difference(String name, String other) {
      return paired(name, other, (a, b) -> a - b);
    }

    double ratio(String name, String other) {
      return paired(name, other, (a, b) -> a / b);
    }

    /// The ratios between which that of ever more rounds would be found 19 times in 20.
    Within ratioWithin(String name, String other) {
      var sorted = pairs(name, other, (a, b) -> a / b);
      Arrays.sort(sorted);
      double reach = STANDARD_ERRORS * Math.sqrt(sorted.length) / 2;
      int from = Math.max(0, (int) Math.floor((sorted.length - 1) / 2.0 - reach));
      return new Within(sorted[from], sorted[sorted.length - 1 - from]);
    }

    private double paired(String name, String other, DoubleBinaryOperator of) {
      return Timing.median(pairs(name, other, of));
    }

    private double[] pairs(String name, String other, DoubleBinaryOperator of) {
      var values = all.get(name).clone();
      for (int i = 0; i < values.length; i++) {
        values[i] = of.applyAsDouble(values[i], all.get(other)[i]);
      }
      return values;
    }
  }

  Turns with(String name, Timed work) {
    return with(name, OF_THE_ROUND, work);
  }

  /// With a number of runs of its own.
  Turns with(String name, int runs, Timed work) {
    works.put(name, new Work(work, runs));
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
        var name = names[place(round, turn, names.length)];
        times.get(name)[round] = works.get(name).microseconds(runs);
      }
    }
    return new Times(times);
  }

  /// Which of `count` works has that turn in that round.
  private static int place(int round, int turn, int count) {
    boolean reversed = round % 2 == 1;
    return (round / 2 + (reversed ? count - 1 - turn : turn)) % count;
  }
}
