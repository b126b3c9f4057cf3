package dev.gatun.nn;

import dev.gatun.op.Attention;
import dev.gatun.op.LayerNorm;
import dev.gatun.op.Linear;
import dev.gatun.op.Outputs;
import dev.gatun.op.ResidualLayerNorm;
import dev.gatun.op.Spec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import java.util.List;
import java.util.stream.Stream;

/// What one block of a GPT takes of the device's memory while it is trained, in bytes.
record BlockMemory(GptConfig config, long rows, long time, DType dtype, Recompute recompute) {
  /// What a tape holds of it. The MLP's result is there either way, as it came or copied.
  long kept() {
    return switch (recompute) {
      case NONE -> all();
      case MLP -> all() - wide();
      case BLOCK -> 2 * stream(config.width()).bytes();
    };
  }

  /// What a new run of its segment holds, before anything is pulled back through it.
  long segment() {
    return switch (recompute) {
      case NONE -> 0;
      case MLP -> wide() + stream(config.width()).bytes();
      case BLOCK -> all();
    };
  }

  /// What its pullbacks take as scratch beside what they find, those of the segment left out.
  long scratch() {
    return gelu() + statistics() - scratchInSegment();
  }

  /// The same of those of the segment.
  long scratchInSegment() {
    return switch (recompute) {
      case NONE -> 0;
      case MLP -> gelu();
      case BLOCK -> gelu() + statistics();
    };
  }

  /// What it takes where no tape records.
  long inferred() {
    return all() - stream(config.feedForward()).bytes();
  }

  /// What the norm before the first block takes.
  long firstNorm() {
    var x = stream(config.width());
    return bytes(new LayerNorm(config.eps(), config.bias()).shapes(normed(x)));
  }

  private long all() {
    long c = config.width();
    var x = stream(c);
    var residual = new ResidualLayerNorm(config.eps(), config.bias());
    return linear(c, 3 * c, Linear.Activation.NONE)
        + bytes(new Attention(config.heads(), 1, true).shapes(List.of(stream(3 * c))))
        + linear(c, c, Linear.Activation.NONE)
        + wide()
        + linear(config.feedForward(), c, Linear.Activation.NONE)
        + 2 * bytes(residual.shapes(normed(x, x)));
  }

  /// The activations of the MLP's width.
  private long wide() {
    return linear(config.width(), config.feedForward(), Linear.Activation.GELU);
  }

  /// The gradient before GELU.
  private long gelu() {
    return stream(config.feedForward()).bytes();
  }

  private long statistics() {
    return stream(1).wide(rows, config.heads(), time).bytes();
  }

  private Spec stream(long channels) {
    return new Spec(Shape.of(rows, time, channels), dtype);
  }

  private List<Spec> normed(Spec... streams) {
    var vector = streams[0].wide(config.width());
    return Stream.concat(
            Stream.of(streams), config.bias() ? Stream.of(vector, vector) : Stream.of(vector))
        .toList();
  }

  private long linear(long in, long out, Linear.Activation activation) {
    var weight = new Spec(Shape.of(in, out), dtype);
    return bytes(new Linear(false, activation).shapes(List.of(stream(in), weight)));
  }

  /// All that an op yields.
  static long bytes(Outputs outputs) {
    return Stream.of(outputs.values(), outputs.saved(), outputs.kept())
        .flatMap(List::stream)
        .mapToLong(Spec::bytes)
        .sum();
  }
}
