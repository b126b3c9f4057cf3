package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.ffi.Kernels;
import dev.gatun.optim.OnDevice;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A table of tensors takes the step that one flat arena takes, wherever tensors begin and end and
/// decay ends.
@Tag("laws")
@Tag("backend")
class StepTablesTest {
  private static final long[] SIZES = {1, 20_001, 3, 8192, 129, 17_000};
  private static final int DECAYING = 3;
  private static final int COUNT = (int) Arrays.stream(SIZES).sum();
  private static final long DECAYED = Arrays.stream(SIZES).limit(DECAYING).sum();

  @AutoClose private OnDevice on;
  private MemorySegment stream;
  private MemorySegment rate;
  private MemorySegment step;
  private MemorySegment norm;
  private MemorySegment sizes;
  private MemorySegment decays;

  @BeforeEach
  void open() {
    on = new OnDevice();
    stream = on.stream();
    rate = on.doubles(0.01);
    step = on.longs(3);
    norm = on.doubles(2);
    sizes = on.longs(SIZES);
    decays = on.ints(1, 1, 1, 0, 0, 0);
  }

  @Test
  void ofAdamW() {
    var a = arrays(4);
    on.kernels()
        .adamwStep(
            stream,
            a[0],
            null,
            a[1],
            a[2],
            a[3],
            rate,
            step,
            norm,
            null,
            0,
            COUNT,
            DECAYED,
            0.9,
            0.95,
            1e-8,
            0.1,
            1,
            Kernels.F64);
    var parts = arrays(4);
    var t = tables(parts);
    on.kernels()
        .adamwTableStep(
            stream,
            t[0],
            null,
            t[1],
            t[2],
            t[3],
            sizes,
            decays,
            rate,
            step,
            norm,
            null,
            SIZES.length,
            0.9,
            0.95,
            1e-8,
            0.1,
            1,
            Kernels.F64);
    same(a, parts);
  }

  @Test
  void ofSophiaAndItsCount() {
    var refreshes = on.longs(2);
    var counts = new MemorySegment[] {on.longs(-1), on.longs(-1)};
    var a = arrays(4);
    on.kernels()
        .sophiaStep(
            stream,
            a[0],
            null,
            a[1],
            counts[0],
            a[2],
            a[3],
            rate,
            step,
            refreshes,
            norm,
            null,
            0,
            COUNT,
            DECAYED,
            0.9,
            0.95,
            0.2,
            1e-12,
            0.1,
            1,
            Kernels.SOPHIA_FLOORED,
            1,
            Kernels.F64);
    var parts = arrays(4);
    var t = tables(parts);
    on.kernels()
        .sophiaTableStep(
            stream,
            t[0],
            null,
            t[1],
            counts[1],
            t[2],
            t[3],
            sizes,
            decays,
            rate,
            step,
            refreshes,
            norm,
            null,
            SIZES.length,
            0.9,
            0.95,
            0.2,
            1e-12,
            0.1,
            1,
            Kernels.SOPHIA_FLOORED,
            1,
            Kernels.F64);
    same(a, parts);
    assertEquals(on.longAt(counts[0]), on.longAt(counts[1]));
  }

  @Test
  void ofLion() {
    var a = arrays(3);
    on.kernels()
        .lionStep(
            stream,
            a[0],
            null,
            a[1],
            a[2],
            rate,
            step,
            norm,
            null,
            0,
            COUNT,
            DECAYED,
            0.9,
            0.99,
            0.1,
            1,
            Kernels.F64);
    var parts = arrays(3);
    var t = tables(parts);
    on.kernels()
        .lionTableStep(
            stream,
            t[0],
            null,
            t[1],
            t[2],
            sizes,
            decays,
            rate,
            step,
            norm,
            null,
            SIZES.length,
            0.9,
            0.99,
            0.1,
            1,
            Kernels.F64);
    same(a, parts);
  }

  /// Weights, states and gradients, each with numbers of its own and of both signs.
  private MemorySegment[] arrays(int count) {
    var arrays = new MemorySegment[count];
    for (int i = 0; i < count; i++) {
      // AdamW's second moment, the third array, is not negative.
      double least = i == 2 ? 0.25 : -0.75;
      arrays[i] = on.doubles(new SplittableRandom(i).doubles(COUNT, least, 1.25).toArray());
    }
    return arrays;
  }

  /// Where the tensors of each array begin.
  private MemorySegment[] tables(MemorySegment[] arrays) {
    var tables = new MemorySegment[arrays.length];
    for (int a = 0; a < arrays.length; a++) {
      var addresses = new long[SIZES.length];
      long at = arrays[a].address();
      for (int i = 0; i < SIZES.length; at += SIZES[i++] * Double.BYTES) addresses[i] = at;
      tables[a] = on.longs(addresses);
    }
    return tables;
  }

  private void same(MemorySegment[] expected, MemorySegment[] found) {
    for (int i = 0; i < expected.length; i++) {
      assertArrayEquals(on.doublesAt(expected[i], COUNT), on.doublesAt(found[i], COUNT));
    }
  }
}
