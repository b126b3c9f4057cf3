import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Makes a small copy of a ladder's run folders: what `fit` reads of them, and no weights. Of each
/// journal the evaluations stay; the steps become at most 300 rows, each the mean loss and the sum
/// of the tokens of as many steps.
///
/// Arguments: the ladder's folder, the folder of the copy.
void main(String[] args) throws IOException {
  var from = Path.of(args[0]);
  var to = Path.of(args[1]);
  try (var names = Files.list(from)) {
    for (var run : names.filter(Files::isDirectory).sorted().toList())
      condense(run, to.resolve(run.getFileName()));
  }
  Files.createDirectories(to);
  Files.copy(from.resolve("ladder.json"), to.resolve("ladder.json"));
}

static final int MOST_ROWS = 300;

void condense(Path run, Path copy) throws IOException {
  var rows = new ArrayList<Map<String, Object>>();
  for (var line : Files.readAllLines(run.resolve("journal.jsonl")))
    rows.add(JSON.std.mapFrom(line));
  var step = run.resolve("latest").toRealPath();
  Files.createDirectories(copy.resolve(step.getFileName()));
  for (var file : List.of("config.json", "trainer.json")) {
    Files.copy(step.resolve(file), copy.resolve(step.getFileName()).resolve(file));
  }
  Files.createSymbolicLink(copy.resolve("latest"), step.getFileName());
  var lines = new ArrayList<String>();
  for (var row : condensed(rows)) lines.add(JSON.std.asString(row));
  Files.write(copy.resolve("journal.jsonl"), lines);
}

List<Map<String, Object>> condensed(List<Map<String, Object>> rows) {
  long steps = rows.stream().filter(row -> row.containsKey("loss")).count();
  int together = Math.max(1, Math.ceilDiv((int) steps, MOST_ROWS));
  var out = new ArrayList<Map<String, Object>>();
  var group = new ArrayList<Map<String, Object>>();
  for (var row : rows) {
    if (row.containsKey("loss")) group.add(row);
    if (group.size() == together || !group.isEmpty() && !row.containsKey("loss")) {
      out.add(joined(group));
      group.clear();
    }
    if (!row.containsKey("loss")) out.add(row);
  }
  if (!group.isEmpty()) out.add(joined(group));
  return out;
}

Map<String, Object> joined(List<Map<String, Object>> group) {
  var row = new LinkedHashMap<String, Object>();
  row.put("step", group.getLast().get("step"));
  row.put(
      "loss",
      group.stream()
          .mapToDouble(r -> ((Number) r.get("loss")).doubleValue())
          .average()
          .orElseThrow());
  row.put("tokens", group.stream().mapToLong(r -> ((Number) r.get("tokens")).longValue()).sum());
  return row;
}
