package dev.gatun.scaling;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.jr.ob.JSON;
import dev.gatun.store.BadFile;
import dev.gatun.store.StoreFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Reads the law of a fit's JSON file:
///
/// ```
/// {"law": {"e": 1.8, "a": 482, "b": 2085, "alpha": 0.35, "beta": 0.37},
///  "samples": [[e, a, b, alpha, beta], …], "flopsRange": [min, max], …}
/// ```
///
/// `samples` and `flopsRange` may be missing; other fields are not read.
public final class FitFile {
  private final Path file;

  private FitFile(Path file) {
    this.file = file;
  }

  /// Throws [BadFile] where it is missing, no JSON, or no law.
  public static NamedLaw read(Path file) {
    return new FitFile(file).law();
  }

  private NamedLaw law() {
    var fields = fields();
    var law = part(fields.get("law"), "law");
    var constants = List.of("e", "a", "b", "alpha", "beta").stream().map(law::get).toList();
    var fitted = law(constants, "law");
    var samples =
        list(fields.get("samples"), "samples").stream()
            .map(sample -> law(list(sample, "samples"), "samples"))
            .toList();
    return new NamedLaw(
        file.toString(),
        "fit of one's own runs, " + file,
        fitted,
        range(list(fields.get("flopsRange"), "flopsRange")),
        samples.isEmpty()
            ? new Spread.Unknown("the fit has no bootstrap samples")
            : new Spread.Samples(samples));
  }

  private Map<String, Object> fields() {
    try {
      if (!Files.isRegularFile(file)) throw new BadFile(file, "is no file");
      return JSON.std.mapFrom(Files.readString(file));
    } catch (JsonProcessingException e) {
      throw new BadFile(file, "is no JSON object", e);
    } catch (IOException e) {
      throw new StoreFailure("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  private ParametricLaw law(List<?> constants, String where) {
    if (constants.size() != 5) throw bad(where, "%d numbers, not 5".formatted(constants.size()));
    double[] c = constants.stream().mapToDouble(value -> positive(value, where)).toArray();
    return new ParametricLaw(c[0], c[1], c[2], c[3], c[4]);
  }

  private Optional<FlopsRange> range(List<?> ends) {
    if (ends.isEmpty()) return Optional.empty();
    if (ends.size() != 2) throw bad("flopsRange", "%d numbers, not 2".formatted(ends.size()));
    double min = positive(ends.get(0), "flopsRange");
    double max = positive(ends.get(1), "flopsRange");
    if (min > max) throw bad("flopsRange", "%s before %s".formatted(min, max));
    return Optional.of(new FlopsRange(min, max));
  }

  private double positive(Object value, String where) {
    if (value instanceof Number number
        && number.doubleValue() > 0
        && Double.isFinite(number.doubleValue())) {
      return number.doubleValue();
    }
    throw bad(where, "%s, where a positive number belongs".formatted(value));
  }

  private Map<?, ?> part(Object value, String where) {
    if (value instanceof Map<?, ?> map) return map;
    throw bad(where, "%s, where an object belongs".formatted(value));
  }

  private List<?> list(Object value, String where) {
    return switch (value) {
      case null -> List.of();
      case List<?> list -> list;
      default -> throw bad(where, "%s, where a list belongs".formatted(value));
    };
  }

  private BadFile bad(String field, String holds) {
    return new BadFile(file, "\"%s\" holds %s".formatted(field, holds));
  }
}
