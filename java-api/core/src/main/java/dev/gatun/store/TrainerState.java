package dev.gatun.store;

import dev.gatun.InvalidArgument;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// Where a run stands, kept as `trainer.json` beside the weights: with it, the weights and the
/// optimizer's state, a resumed run goes on as if it had never stopped.
///
/// @param step optimizer steps done
/// @param seed of the run's random numbers; any 64 bits
/// @param position tokens of the training data consumed
/// @param config the run's settings by name, in order: `String`, `Boolean`, `Long` or finite
///     `Double`; other whole and floating numbers are widened to these
public record TrainerState(long step, long seed, long position, Map<String, Object> config) {
  /// The file's name in a checkpoint folder.
  public static final String NAME = "trainer.json";

  /// @throws InvalidArgument for a negative step or position, or a setting of another
  ///     kind
  public TrainerState {
    if (step < 0 || position < 0) {
      throw new InvalidArgument(
          "step %d and position %d must not be negative".formatted(step, position));
    }
    var settings = new LinkedHashMap<String, Object>();
    config.forEach((name, value) -> settings.put(name, setting(name, value)));
    config = Collections.unmodifiableMap(settings);
  }

  /// Reads `folder`/trainer.json.
  ///
  /// @throws BadFile if it is missing, truncated, or holds anything else than the four fields
  public static TrainerState read(Path folder) {
    var fields = Fields.read(folder.resolve(NAME));
    for (var name : fields.map().keySet()) {
      if (!name.matches("step|seed|position|config")) {
        throw fields.bad("holds \"" + name + "\", which no trainer of this version wrote");
      }
    }
    var config = new LinkedHashMap<String, Object>();
    fields.object("config").forEach((name, value) -> config.put((String) name, value));
    try {
      return new TrainerState(
          fields.notNegative("step"), fields.whole("seed"), fields.notNegative("position"), config);
    } catch (InvalidArgument e) {
      throw fields.bad(e.getMessage());
    }
  }

  /// Writes `folder`/trainer.json.
  ///
  /// @throws StoreFailure if it exists already or the disk refuses
  public void write(Path folder) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("step", step);
    fields.put("seed", seed);
    fields.put("position", position);
    fields.put("config", config);
    Json.write(folder.resolve(NAME), fields);
  }

  private static Object setting(String name, Object value) {
    return switch (value) {
      case String text -> text;
      case Boolean flag -> flag;
      case Long whole -> whole;
      case Integer whole -> whole.longValue();
      case Double number when Double.isFinite(number) -> number;
      case Float number when Float.isFinite(number) -> number.doubleValue();
      case null, default ->
          throw new InvalidArgument(
              "setting \"%s\" is %s; it must be a string, true or false, or a finite number"
                  .formatted(name, value));
    };
  }
}
