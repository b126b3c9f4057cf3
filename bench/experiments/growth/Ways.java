package growth;

import common.Rows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What is compared, and which rate each is given.
final class Ways {
  static final int SEEDS = 3;

  /// By rows of the tables: from scratch; twice the layers; twice the width; both; both, from a
  /// smaller model that was trained only briefly.
  static final List<Arm> ALL =
      List.of(
          Arm.scratch(),
          Arm.of("stack", Size.SHALLOW),
          Arm.of("interpolate", Size.SHALLOW),
          Arm.of("zero-block", Size.SHALLOW),
          Arm.of("ligo", Size.SHALLOW),
          Arm.of("hypercloning", Size.NARROW),
          Arm.of("hypercloning", Size.NARROW).noisy(),
          Arm.of("ligo", Size.NARROW),
          Arm.of("bert2bert-fpi", Size.SMALL),
          Arm.of("bert2bert-fpi", Size.SMALL).noisy(),
          Arm.of("ligo", Size.SMALL),
          Arm.of("bert2bert-fpi", Size.SMALL).noisy().brief(),
          Arm.of("ligo", Size.SMALL).brief());

  /// Those that the chart shows.
  static final List<Arm> DRAWN =
      List.of(
          Arm.scratch(),
          Arm.of("stack", Size.SHALLOW),
          Arm.of("ligo", Size.SHALLOW),
          Arm.of("hypercloning", Size.NARROW).noisy(),
          Arm.of("ligo", Size.NARROW),
          Arm.of("bert2bert-fpi", Size.SMALL).noisy(),
          Arm.of("ligo", Size.SMALL));

  private Ways() {}

  /// The same way at each of the rates that are tried.
  static List<Arm> rates(Arm way) {
    var rates = new ArrayList<>(List.of(way, way.withRate(Arm.RATE / 2)));
    if (way.isScratch()) rates.add(way.withRate(Arm.RATE * 2));
    return rates;
  }

  /// At the rate with the lowest loss at the end.
  static Arm best(Path record, Arm way) throws IOException {
    var best = way;
    for (var arm : rates(way)) if (loss(record, arm) < loss(record, best)) best = arm;
    return best;
  }

  /// Held out, after the last step; infinite where a run came to no end.
  static double loss(Path record, Arm arm) throws IOException {
    return rows(record, arm.name()).lossAfter(arm.steps()).orElse(Double.POSITIVE_INFINITY);
  }

  static Rows rows(Path record, String name) throws IOException {
    return Rows.read(record.resolve(name + ".jsonl"));
  }

  static List<Arm> seeds(Path record, Arm best) {
    var all = new ArrayList<>(List.of(best));
    for (long seed = 2; seed <= SEEDS; seed++) {
      var arm = best.withSeed(seed);
      if (Files.exists(record.resolve(arm.name() + ".jsonl"))) all.add(arm);
    }
    return all;
  }
}
