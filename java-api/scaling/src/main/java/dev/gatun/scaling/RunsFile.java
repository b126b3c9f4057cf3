package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Runs as a CSV file: a header that names the columns N, D and loss in any order and case, then a
/// run a line. Optional columns: C, else 6 N D; and run, a name: lines of one name are one run's
/// training curve by rising D, whose last line is the run's end. Other columns are passed over.
///
/// Values are plain numbers, in quotes or not; no value holds a comma.
final class RunsFile {
  private static final List<String> NEEDED = List.of("n", "d", "loss");

  private final Path file;
  private final Map<String, Integer> columns;

  private RunsFile(Path file, Map<String, Integer> columns) {
    this.file = file;
    this.columns = columns;
  }

  /// One line of the file.
  private record Row(String run, double parameters, double tokens, double flops, double loss) {}

  /// @throws InvalidArgument with the line, where a column is missing or a value is no positive
  ///     number
  static List<TrainingRun> read(Path file) {
    var lines = lines(file);
    int header = 0;
    while (header < lines.size() && lines.get(header).isBlank()) header++;
    if (header == lines.size()) throw new InvalidArgument("%s is empty".formatted(file));
    var runs = new RunsFile(file, columns(file, lines.get(header)));
    var curves = new LinkedHashMap<String, List<Row>>();
    for (int i = header + 1; i < lines.size(); i++) {
      if (lines.get(i).isBlank()) continue;
      var row = runs.row(i + 1, lines.get(i));
      curves.computeIfAbsent(row.run(), _ -> new ArrayList<>()).add(row);
    }
    return curves.entrySet().stream().map(of -> runs.run(of.getKey(), of.getValue())).toList();
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readString(file).replace("\uFEFF", "").lines().toList();
    } catch (CharacterCodingException e) {
      throw new InvalidArgument("%s is not text".formatted(file));
    } catch (IOException e) {
      throw new InvalidArgument("%s cannot be read: %s".formatted(file, e.getMessage()));
    }
  }

  private static Map<String, Integer> columns(Path file, String header) {
    var columns = new HashMap<String, Integer>();
    for (var name : values(header)) {
      var key = name.toLowerCase(Locale.ROOT);
      if (columns.putIfAbsent(key, columns.size()) != null) {
        throw new InvalidArgument("%s has two columns \"%s\"".formatted(file, name));
      }
    }
    for (var name : NEEDED) {
      if (columns.containsKey(name)) continue;
      throw new InvalidArgument(
          "%s has no column \"%s\"; its header is \"%s\", and N, D and loss are needed"
              .formatted(file, name.length() == 1 ? name.toUpperCase(Locale.ROOT) : name, header));
    }
    return columns;
  }

  private static List<String> values(String line) {
    var values = new ArrayList<String>();
    for (var value : line.split(",", -1)) {
      values.add(value.strip().replaceAll("^\"(.*)\"$", "$1").strip());
    }
    return values;
  }

  private Row row(int line, String text) {
    var values = values(text);
    if (values.size() != columns.size()) {
      throw new InvalidArgument(
          "%s, line %d has %d values for %d columns"
              .formatted(file, line, values.size(), columns.size()));
    }
    double parameters = number(line, "N", values);
    double tokens = number(line, "D", values);
    return new Row(
        columns.containsKey("run") ? values.get(columns.get("run")) : "line " + line,
        parameters,
        tokens,
        columns.containsKey("c")
            ? number(line, "C", values)
            : ParametricLaw.FLOPS * parameters * tokens,
        number(line, "loss", values));
  }

  private double number(int line, String name, List<String> values) {
    var text = values.get(columns.get(name.toLowerCase(Locale.ROOT)));
    try {
      double value = Double.parseDouble(text);
      if (value > 0 && Double.isFinite(value)) return value;
    } catch (NumberFormatException notANumber) {
      // said below, with what stands there
    }
    throw new InvalidArgument(
        "%s, line %d: %s is \"%s\"; it must be a positive number"
            .formatted(file, line, name, text));
  }

  private TrainingRun run(String name, List<Row> rows) {
    var end = rows.getLast();
    var curve = new ArrayList<TrainingRun.Point>();
    for (var row : rows) {
      if (row.parameters() != end.parameters()) {
        throw new InvalidArgument(
            "%s: run \"%s\" has N %g and %g; one run is one model"
                .formatted(file, name, row.parameters(), end.parameters()));
      }
      curve.add(new TrainingRun.Point(row.flops(), row.loss()));
    }
    try {
      return new TrainingRun(
          end.parameters(),
          end.tokens(),
          end.flops(),
          end.loss(),
          curve.size() > 1 ? curve : List.of());
    } catch (InvalidArgument e) {
      throw new InvalidArgument("%s: run \"%s\": %s".formatted(file, name, e.getMessage()));
    }
  }
}
