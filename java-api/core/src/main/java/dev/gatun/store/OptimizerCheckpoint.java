package dev.gatun.store;

import dev.gatun.nn.Gpt;
import dev.gatun.optim.Optimizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.TreeSet;

/// The state of an optimizer as `optimizer.safetensors`: for each of its arenas, one tensor a
/// parameter, named `arena.parameter` and shaped like it; its counters among the metadata.
public final class OptimizerCheckpoint {
  /// The file's name in a checkpoint folder.
  public static final String NAME = "optimizer.safetensors";

  private OptimizerCheckpoint() {}

  /// Writes the file into `folder`, which exists.
  public static void write(Path folder, Gpt gpt, Optimizer optimizer) {
    var tensors = new ArrayList<OutgoingTensor>();
    var parameters = gpt.parameters();
    var dtype = parameters.dtype().wide();
    optimizer
        .state()
        .forEach(
            (arena, data) -> {
              for (var name : parameters.names()) {
                var shape = parameters.get(name).shape().with(0, gpt.storedRows(name));
                var at = parameters.scope().at(data, parameters.offset(name) * dtype.bytes());
                tensors.add(
                    DeviceTensors.outgoing(parameters, arena + "." + name, at, dtype, shape));
              }
            });
    var metadata = new LinkedHashMap<String, String>();
    metadata.put("format", "pt");
    optimizer.counters().forEach((name, count) -> metadata.put(name, count.toString()));
    Safetensors.write(folder.resolve(NAME), tensors, metadata);
  }

  /// Fills the optimizer's state from the file and sets the steps it has done.
  public static void read(Path folder, Gpt gpt, Optimizer optimizer, long steps) {
    var file = folder.resolve(NAME);
    var parameters = gpt.parameters();
    var dtype = parameters.dtype().wide();
    var counters = new LinkedHashMap<String, Long>();
    try (var stored = Safetensors.open(file)) {
      requireArenas(file, stored, optimizer);
      int wanted = optimizer.state().size() * parameters.names().size();
      if (stored.tensors().size() != wanted) {
        throw new BadFile(
            file,
            "holds %d tensors; this optimizer has %d".formatted(stored.tensors().size(), wanted));
      }
      optimizer
          .state()
          .forEach(
              (arena, data) -> {
                for (var name : parameters.names()) {
                  var shape = parameters.get(name).shape().with(0, gpt.storedRows(name));
                  var at = parameters.scope().at(data, parameters.offset(name) * dtype.bytes());
                  DeviceTensors.load(
                      file, stored, arena + "." + name, parameters.scope(), at, dtype, shape);
                }
              });
      for (var name : optimizer.counters().keySet())
        counters.put(name, counter(file, stored, name));
    }
    optimizer.resume(steps, counters);
  }

  private static void requireArenas(Path file, Safetensors stored, Optimizer optimizer) {
    var held = new TreeSet<String>();
    for (var tensor : stored.tensors()) held.add(tensor.name().replaceFirst("\\..*", ""));
    var wanted = new TreeSet<>(optimizer.state().keySet());
    if (!held.equals(wanted)) {
      throw new BadFile(
          file,
          "holds the state of another optimizer, %s, where this one has %s"
              .formatted(String.join(" and ", held), String.join(" and ", wanted)));
    }
  }

  private static long counter(Path file, Safetensors stored, String name) {
    var text = stored.metadata().getOrDefault(name, "");
    if (!text.matches("\\d{1,18}")) {
      throw new BadFile(file, "counts \"%s\" of this optimizer's %s".formatted(text, name));
    }
    return Long.parseLong(text);
  }
}
