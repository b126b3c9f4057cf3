package embedding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ffi.Kernels;
import dev.gatun.memory.Device;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/// Training loops of somebody's own: weights, gradients and curvature are theirs, the fused steps
/// Gatun's. Each step is held to the formula, computed in double from the same numbers, within what
/// rounding to float may change.
class EmbeddingTest {
  private static final int COLUMNS = 1003, ROWS = 64;
  private static final double ROUNDING = 0x1p-24;

  /// Weights in a float array of the Java heap: copied to the device and back around each step.
  @Test
  void adamwOnFloatArrays() {
    double beta1 = 0.9, beta2 = 0.95, eps = 1e-8, decay = 0.1, rate = 0.01;
    var model = new LogisticRegression(ROWS, COLUMNS, 1);
    float[] weights = new float[COLUMNS],
        gradient = new float[COLUMNS],
        unused = new float[COLUMNS];
    double first = model.differentiate(weights, gradient, unused), last = first;
    try (var device = Device.cpu(1);
        var memory = device.scope()) {
      var w = Tensor.of(memory, Shape.of(COLUMNS), weights);
      var g = Tensor.of(memory, Shape.of(COLUMNS), gradient);
      var m = Tensor.of(memory, Shape.of(COLUMNS), new float[COLUMNS]);
      var v = Tensor.of(memory, Shape.of(COLUMNS), new float[COLUMNS]);
      var rates = Tensor.of(memory, Shape.SCALAR, rate);
      var steps = memory.longs(1);
      for (int step = 1; step <= 60; step++) {
        float[] before = weights.clone(), meanBefore = m.toFloats(), squareBefore = v.toFloats();
        g.copyFrom(MemorySegment.ofArray(gradient));
        memory.copyToDevice(steps, MemorySegment.ofArray(new long[] {step}));
        device
            .kernels()
            .adamwStep(
                device.stream().handle(),
                w.data(),
                null,
                m.data(),
                v.data(),
                g.data(),
                rates.data(),
                steps,
                null,
                null,
                0,
                COLUMNS,
                COLUMNS,
                beta1,
                beta2,
                eps,
                decay,
                1,
                Kernels.F32);
        w.copyTo(MemorySegment.ofArray(weights));
        for (int i = 0; i < COLUMNS; i++) {
          double mean = beta1 * meanBefore[i] + (1 - beta1) * gradient[i];
          double square = beta2 * squareBefore[i] + (1 - beta2) * gradient[i] * gradient[i];
          double below = Math.sqrt(square / (1 - Math.pow(beta2, step))) + eps;
          double corrected = 1 - Math.pow(beta1, step);
          double update = mean / corrected / below;
          double expected = before[i] - rate * (update + decay * before[i]);
          double meanRounds = beta1 * Math.abs(meanBefore[i]) + (1 - beta1) * Math.abs(gradient[i]);
          double rounds = meanRounds / corrected / below + Math.abs(update);
          double allowed = 8 * ROUNDING * (Math.abs(before[i]) + rate * rounds);
          assertEquals(expected, weights[i], allowed, "weight " + i + " after step " + step);
        }
        last = model.differentiate(weights, gradient, unused);
      }
    }
    assertTrue(last < first / 2, first + " fell to " + last);
  }

  /// Weights and state in memory segments of the trainer's own, two tensors in a table: Gatun works
  /// where they lie. The curvature is the model's, blended by the trainer at every tenth step.
  @Test
  void sophiaOnMemorySegments() {
    double beta1 = 0.96, beta2 = 0.99, gamma = 0.5, eps = 1e-12, decay = 0.02, rate = 0.03;
    int[] sizes = {300, COLUMNS - 300};
    var model = new LogisticRegression(ROWS, COLUMNS, 2);
    float[] gradient = new float[COLUMNS], curvature = new float[COLUMNS];
    double first = model.differentiate(new float[COLUMNS], gradient, curvature), last = first;
    try (var own = Arena.ofConfined();
        var device = Device.cpu(1)) {
      var w = new Segments(own, sizes);
      var m = new Segments(own, sizes);
      var h = new Segments(own, sizes);
      var g = new Segments(own, sizes);
      var counts = own.allocateFrom(ValueLayout.JAVA_LONG, sizes[0], sizes[1]);
      var decays = own.allocateFrom(ValueLayout.JAVA_INT, 1, 0);
      var rates = own.allocateFrom(ValueLayout.JAVA_DOUBLE, rate);
      var steps = own.allocate(ValueLayout.JAVA_LONG);
      var unclipped = own.allocate(ValueLayout.JAVA_LONG);
      for (int step = 1; step <= 60; step++) {
        if (step % 10 == 1) {
          float[] blended = h.read();
          for (int i = 0; i < COLUMNS; i++)
            blended[i] = (float) (beta2 * blended[i] + (1 - beta2) * curvature[i]);
          h.write(blended);
        }
        g.write(gradient);
        float[] before = w.read(), meanBefore = m.read(), bent = h.read();
        steps.set(ValueLayout.JAVA_LONG, 0, step);
        device
            .kernels()
            .sophiaTableStep(
                device.stream().handle(),
                w.table,
                null,
                m.table,
                unclipped,
                h.table,
                g.table,
                counts,
                decays,
                rates,
                steps,
                null,
                null,
                null,
                2,
                beta1,
                beta2,
                gamma,
                eps,
                decay,
                1,
                Kernels.SOPHIA_FLOORED,
                0,
                Kernels.F32);
        float[] after = w.read();
        int counted = 0;
        for (int i = 0; i < COLUMNS; i++) {
          double mean = beta1 * meanBefore[i] + (1 - beta1) * gradient[i];
          double below = Math.max(gamma * bent[i], eps);
          double update = Math.clamp(mean / below, -1.0, 1.0);
          double shrink = i < sizes[0] ? decay * before[i] : 0;
          double expected = before[i] - rate * (update + shrink);
          double meanRounds = beta1 * Math.abs(meanBefore[i]) + (1 - beta1) * Math.abs(gradient[i]);
          double rounds = Math.abs(update) < 1 ? meanRounds / below + 1 : 1;
          double allowed = 8 * ROUNDING * (Math.abs(before[i]) + rate * rounds);
          assertEquals(expected, after[i], allowed, "weight " + i + " after step " + step);
          if (Math.abs(mean) < below) counted++;
        }
        // One that lies within rounding of the bound may be counted either way.
        assertEquals(
            counted, unclipped.get(ValueLayout.JAVA_LONG, 0), 2, "unclipped, step " + step);
        last = model.differentiate(after, gradient, curvature);
      }
    }
    assertTrue(last < first / 2, first + " fell to " + last);
  }

  /// Float arrays that lie apart in memory of their owner's, and the table of their addresses.
  private static final class Segments {
    private final MemorySegment[] parts;
    final MemorySegment table;

    Segments(Arena arena, int[] sizes) {
      parts = new MemorySegment[sizes.length];
      table = arena.allocate(ValueLayout.ADDRESS, sizes.length);
      for (int i = 0; i < sizes.length; i++) {
        parts[i] = arena.allocate(ValueLayout.JAVA_FLOAT, sizes[i]);
        table.setAtIndex(ValueLayout.ADDRESS, i, parts[i]);
      }
    }

    void write(float[] values) {
      int at = 0;
      for (var part : parts) {
        int count = (int) (part.byteSize() / Float.BYTES);
        MemorySegment.copy(values, at, part, ValueLayout.JAVA_FLOAT, 0, count);
        at += count;
      }
    }

    float[] read() {
      var values = new float[COLUMNS];
      int at = 0;
      for (var part : parts) {
        int count = (int) (part.byteSize() / Float.BYTES);
        MemorySegment.copy(part, ValueLayout.JAVA_FLOAT, 0, values, at, count);
        at += count;
      }
      return values;
    }
  }
}
