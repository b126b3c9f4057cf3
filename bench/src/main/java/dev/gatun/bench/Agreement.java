package dev.gatun.bench;

import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Numbers that a peer begins with, and what it must find with them before it is timed: within
/// `allowed` of the size of each.
record Agreement(List<float[]> start, double[] expected, double allowed) {
  private static final ValueLayout.OfFloat LITTLE =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /// Peers decay biases too, and have their sums in another order.
  private static final double OF_A_STEP = 1e-2;

  /// Moves are small beside weights, which round them.
  private static final double OF_MOVES = 3e-4;
  private static final long WEIGHTS = 1000;

  /// Of works whose answers are compared with no peer's.
  static final Agreement NONE = new Agreement(List.of(), new double[0], 0);

  /// By how much a step on [Net#LINEARS] makes the loss smaller, behind the loss. With whatever
  /// betas and norm, since the first step of AdamW goes by the signs.
  static Agreement onStep(Device device) {
    try (var step = new Step(device, Net.LINEARS)) {
      var start = step.net().numbers();
      double before = step.loss();
      step.replay();
      return new Agreement(start, new double[] {before, before - step.loss()}, OF_A_STEP);
    }
  }

  /// How far two steps of AdamW move weights.
  static Agreement onAdamW(Device device) {
    try (var memory = device.scope()) {
      var weights = new RandomWeights(memory, WEIGHTS, DType.F32);
      var before = weights.weights();
      var start = List.of(floats(before), weights.gradients());
      var adamw = weights.optimizer("adamw");
      for (int i = 0; i < 2; i++) weights.step(adamw);
      var moves = weights.weights();
      for (int i = 0; i < moves.length; i++) moves[i] -= before[i];
      return new Agreement(start, moves, OF_MOVES);
    }
  }

  private static float[] floats(double[] values) {
    var floats = new float[values.length];
    for (int i = 0; i < values.length; i++) floats[i] = (float) values[i];
    return floats;
  }

  /// What the command of the peer has behind it: the file that the numbers are written to.
  List<String> words(Path folder) throws IOException {
    if (start.isEmpty()) return List.of();
    var bytes = new byte[start.stream().mapToInt(each -> each.length).sum() * Float.BYTES];
    int at = 0;
    for (var numbers : start) {
      var from = MemorySegment.ofArray(numbers);
      var to = MemorySegment.ofArray(bytes);
      MemorySegment.copy(
          from, ValueLayout.JAVA_FLOAT, 0, to, LITTLE, at * Float.BYTES, numbers.length);
      at += numbers.length;
    }
    var file = Files.write(folder.resolve("start.f32"), bytes);
    return List.of("--start", file.toString());
  }

  /// Fails unless the peer says what is expected.
  void require(String peer, Companion program) throws IOException, InterruptedException {
    if (start.isEmpty()) return;
    var words = program.line().split(" ");
    if (words.length != expected.length) {
      throw new BenchFailure("%s finds %d numbers, not %d", peer, words.length, expected.length);
    }
    for (int i = 0; i < expected.length; i++) {
      double found = Double.parseDouble(words[i]);
      if (Math.abs(found - expected[i]) <= allowed * Math.abs(expected[i])) continue;
      throw new BenchFailure("%s finds %g where we find %g", peer, found, expected[i]);
    }
  }
}
