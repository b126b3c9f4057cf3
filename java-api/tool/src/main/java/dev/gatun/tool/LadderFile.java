package dev.gatun.tool;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.jr.ob.JSON;
import dev.gatun.scaling.Ladder;
import dev.gatun.store.BadFile;
import dev.gatun.store.StoreFailure;
import dev.gatun.train.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// The runs of a ladder as its folder keeps them: `ladder.json` with each run's name, size,
/// tokens and settings, and `commands.sh`, which trains them one after the other.
record LadderFile(List<Entry> runs) {
  private static final String NAME = "ladder.json";
  private static final String COMMANDS = "commands.sh";
  private static final long CHECKPOINTS = 4;
  private static final JSON WRITER = JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT);

  /// One run. Its folder lies in the ladder's and has its name.
  record Entry(String name, long parameters, long tokens, Settings settings) {
    double flops() {
      return 6.0 * parameters * tokens;
    }

    private Map<String, Object> fields() {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("name", name);
      fields.put("params", parameters);
      fields.put("tokens", tokens);
      fields.put("settings", settings.values());
      return fields;
    }

    private String command() {
      var options =
          settings.values().entrySet().stream()
              .map(entry -> "--%s=%s".formatted(entry.getKey(), quoted(entry.getValue())))
              .collect(Collectors.joining(" "));
      return "$gatun train --out=\"$here\"/%s %s%n".formatted(name, options);
    }

    private static String quoted(Object value) {
      return value instanceof String text ? "'" + text.replace("'", "'\\''") + "'" : value + "";
    }
  }

  /// That of a design, with the settings its runs share.
  static LadderFile of(Ladder ladder, Settings common) {
    return new LadderFile(
        ladder.rungs().stream()
            .map(
                rung ->
                    new Entry(
                        rung.name(),
                        rung.parameters(),
                        rung.tokens(),
                        settings(rung, ladder.request().batch()).with(common)))
            .toList());
  }

  private static Settings settings(Ladder.Rung rung, long batch) {
    var config = rung.config();
    long part = Math.ceilDiv(rung.steps(), CHECKPOINTS);
    return Settings.NONE
        .with("layers", (long) config.layers())
        .with("heads", (long) config.heads())
        .with("width", (long) config.width())
        .with("context", (long) config.context())
        .with("batch", batch)
        .with("accumulate", 1L)
        .with("steps", rung.steps())
        .with("lr", rung.rate())
        .with("min-lr", rung.rate() / 10)
        .with("evaluate-every", part)
        .with("checkpoint-every", part);
  }

  /// Writes both files. Throws [dev.gatun.train.BadData] where the folder is not free.
  void write(Path folder) {
    Run.requireFree(folder);
    var fields = Map.of("runs", runs.stream().map(Entry::fields).toList());
    try {
      Files.createDirectories(folder);
      Files.writeString(folder.resolve(NAME), WRITER.asString(fields) + "\n");
      Files.writeString(folder.resolve(COMMANDS), commands());
    } catch (IOException e) {
      throw new StoreFailure("%s cannot be written: %s".formatted(folder, e.getMessage()), e);
    }
  }

  private String commands() {
    var head =
        """
        #!/bin/sh
        # Trains the ladder's runs; `gatun ladder run` does the same and can be interrupted.
        set -e
        here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
        gatun=${GATUN:-./gatun}
        """;
    return head + runs.stream().map(Entry::command).collect(Collectors.joining());
  }

  /// Reads `folder`/ladder.json. Throws [BadFile] where it is missing or no ladder.
  static LadderFile read(Path folder) {
    var file = folder.resolve(NAME);
    try {
      if (!Files.isRegularFile(file)) throw new BadFile(file, "does not exist: this is no ladder");
      if (!(JSON.std.mapFrom(Files.readString(file)).get("runs") instanceof List<?> list)) {
        throw new BadFile(file, "lacks the list \"runs\"");
      }
      var runs = new ArrayList<Entry>();
      for (var run : list) runs.add(entry(file, run));
      return new LadderFile(List.copyOf(runs));
    } catch (JsonProcessingException e) {
      throw new BadFile(file, "is no JSON object", e);
    } catch (IOException e) {
      throw new StoreFailure("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  private static Entry entry(Path file, Object run) {
    if (run instanceof Map<?, ?> fields
        && fields.get("name") instanceof String name
        && name.matches("[A-Za-z0-9._-]*[A-Za-z0-9_-]")
        && fields.get("params") instanceof Number parameters
        && fields.get("tokens") instanceof Number tokens
        && fields.get("settings") instanceof Map<?, ?> settings) {
      return new Entry(name, parameters.longValue(), tokens.longValue(), settings(file, settings));
    }
    throw new BadFile(file, "has a run without name, params, tokens and settings: " + run);
  }

  private static Settings settings(Path file, Map<?, ?> values) {
    var settings = Settings.NONE;
    for (var entry : values.entrySet()) {
      var value =
          entry.getValue() instanceof Integer whole ? (Long) whole.longValue() : entry.getValue();
      var known =
          Setting.ALL.stream().filter(each -> each.name().equals(entry.getKey())).findFirst();
      if (known.isEmpty() || !known.get().takes(value)) {
        throw new BadFile(file, "has %s for the setting \"%s\"".formatted(value, entry.getKey()));
      }
      settings = settings.with(known.get().name(), value);
    }
    return settings;
  }
}
