package dev.gatun.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ffi.Kernels;
import dev.gatun.laws.Bf16;
import dev.gatun.laws.Philox;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Optimizers round bf16 weights that have no master up or down by chance, so that on average
/// nothing is lost, by the numbers that the header names.
@Tag("backend")
class StochasticRoundingTest {
  private static final int N = 4099;
  private static final long SEED = 77;
  private static final long SEQUENCE = 5;

  /// A quarter of the way from 1 down to the next bf16.
  private static final double RATE = Bf16.UNIT / 2 / 4;

  private enum Rule {
    ADAMW,
    SOPHIA,
    LION
  }

  @AutoClose private final OnDevice on = new OnDevice();
  private final Device device = on.device();
  private final Scope memory = on.memory();

  @ParameterizedTest
  @EnumSource
  void everyWeightIsRoundedByItsHalfOfAWord(Rule rule) {
    var found = stepped(rule, ones(), 0, 3, RATE, N);
    var words = Philox.words(SEED, SEQUENCE + (3L << 32), N / 2 + 1);
    int bits = Float.floatToRawIntBits((float) (1 - RATE));
    for (int i = 0; i < N; i++) {
      int half = i % 2 == 0 ? words[i / 2] & 0xffff : words[i / 2] >>> 16;
      assertEquals((short) (bits + half >>> 16), found[i], "weight " + i);
    }
  }

  @Test
  void theAverageIsKept() {
    double sum = 0;
    for (short weight : stepped(Rule.ADAMW, ones(), 0, 1, RATE, N)) sum += Bf16.decode(weight);
    double deviation = Bf16.UNIT / 2 * Math.sqrt(0.25 * 0.75 / N);
    assertEquals(1 - RATE, sum / N, 4 * deviation);
  }

  /// The CPU takes subnormal numbers as 0, and 0 times the infinite as no number.
  @Test
  void whatBf16HoldsStays() {
    var all = new short[1 << 16];
    for (int i = 0; i < all.length; i++) all[i] = (short) i;
    var found = stepped(Rule.ADAMW, all, 0, 1, 0, all.length);
    for (int i = 0; i < all.length; i++) {
      float held = Bf16.decode(all[i]);
      if (Float.isInfinite(held)) continue;
      boolean tiny = device.backend().equals("cpu") && Math.abs(held) < Float.MIN_NORMAL;
      float kept = tiny ? Math.copySign(0, held) : held;
      if (Float.isNaN(held)) assertTrue(Float.isNaN(Bf16.decode(found[i])));
      else assertEquals(kept, Bf16.decode(found[i]), "pattern " + i);
    }
  }

  /// Not even one to which any chance could be added: it would become zero.
  @Test
  void whatIsNoNumberStaysNone() {
    double none = Double.longBitsToDouble(Long.MAX_VALUE);
    for (short weight : stepped(Rule.ADAMW, ones(), 0, 1, none, N)) {
      assertTrue(Float.isNaN(Bf16.decode(weight)));
    }
  }

  @Test
  void shardsAndTablesHaveTheBitsOfTheWhole() {
    var whole = stepped(Rule.ADAMW, ones(), 0, 1, RATE, N);
    int cut = 1235;
    var low = stepped(Rule.ADAMW, Arrays.copyOf(ones(), cut), 0, 1, RATE, cut);
    var high = stepped(Rule.ADAMW, Arrays.copyOf(ones(), N - cut), cut, 1, RATE, N - cut);
    assertArrayEquals(Arrays.copyOf(whole, cut), low);
    assertArrayEquals(Arrays.copyOfRange(whole, cut, N), high);
    assertArrayEquals(whole, steppedByTable(cut));
  }

  @Test
  void everyStepDrawsAnew() {
    assertNotEquals(
        Arrays.hashCode(stepped(Rule.ADAMW, ones(), 0, 1, RATE, N)),
        Arrays.hashCode(stepped(Rule.ADAMW, ones(), 0, 2, RATE, N)));
  }

  @ParameterizedTest
  @EnumSource
  void aMasterKeepsWhatItsWeightsCannotHold(Rule rule) {
    try (var host = Arena.ofConfined()) {
      var weights = put(host, ones());
      var master = memory.floats(N);
      kernels().fill(stream(), master, N, 1, Kernels.F32);
      for (int step = 1; step <= 3; step++) {
        step(rule, weights, master, null, 0, step, RATE, N);
      }
      var wide = host.allocate(4L * N, 16);
      memory.copyToHost(wide, master);
      var narrow = get(host, weights, N);
      for (int i = 0; i < N; i++) {
        float w = wide.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        assertEquals(1 - 3 * RATE, w, 1e-6);
        assertEquals(Bf16.encode(w), narrow[i]);
      }
    }
  }

  private static short[] ones() {
    var ones = new short[N];
    Arrays.fill(ones, Bf16.encode(1));
    return ones;
  }

  /// Weights after one step that takes `rate` off each.
  private short[] stepped(Rule rule, short[] before, long first, long step, double rate, int n) {
    try (var host = Arena.ofConfined()) {
      var weights = put(host, before);
      step(rule, weights, null, key(host), first, step, rate, n);
      return get(host, weights, n);
    }
  }

  /// beta1 = beta2 = 0, a gradient of 1 and no curvature make every update the rate.
  private void step(
      Rule rule,
      MemorySegment weights,
      MemorySegment master,
      MemorySegment key,
      long first,
      long step,
      double rate,
      int n) {
    try (var host = Arena.ofConfined()) {
      var m = memory.floats(n);
      var second = memory.floats(n);
      var gradients = memory.floats(n);
      kernels().fill(stream(), m, n, 0, Kernels.F32);
      kernels().fill(stream(), second, n, 0, Kernels.F32);
      kernels().fill(stream(), gradients, n, 1, Kernels.F32);
      var rates = one(host, rate);
      var steps = one(host, step);
      var k = kernels();
      switch (rule) {
        case ADAMW ->
            k.adamwStep(
                stream(),
                weights,
                master,
                m,
                second,
                gradients,
                rates,
                steps,
                null,
                key,
                first,
                n,
                0,
                0,
                0,
                1e-30,
                0,
                1,
                Kernels.BF16);
        case SOPHIA ->
            k.sophiaStep(
                stream(),
                weights,
                master,
                m,
                null,
                second,
                gradients,
                rates,
                steps,
                null,
                null,
                key,
                first,
                n,
                0,
                0,
                0,
                1,
                1e-30,
                0,
                1,
                Kernels.SOPHIA_FLOORED,
                0,
                Kernels.BF16);
        case LION ->
            k.lionStep(
                stream(),
                weights,
                master,
                m,
                gradients,
                rates,
                steps,
                null,
                key,
                first,
                n,
                0,
                0,
                0,
                0,
                1,
                Kernels.BF16);
      }
    }
  }

  /// All weights, as two tensors cut at `cut`.
  private short[] steppedByTable(int cut) {
    try (var host = Arena.ofConfined()) {
      int[] sizes = {cut, N - cut};
      var tables = new MemorySegment[4];
      for (int t = 0; t < tables.length; t++) tables[t] = host.allocate(16, 8);
      var weights = new MemorySegment[2];
      for (int i = 0; i < 2; i++) {
        weights[i] = put(host, Arrays.copyOf(ones(), sizes[i]));
        tables[0].setAtIndex(ValueLayout.JAVA_LONG, i, weights[i].address());
        for (int t = 1; t < tables.length; t++) {
          var array = memory.floats(sizes[i]);
          kernels().fill(stream(), array, sizes[i], t == 3 ? 1 : 0, Kernels.F32);
          tables[t].setAtIndex(ValueLayout.JAVA_LONG, i, array.address());
        }
      }
      kernels()
          .adamwTableStep(
              stream(),
              onDevice(tables[0]),
              null,
              onDevice(tables[1]),
              onDevice(tables[2]),
              onDevice(tables[3]),
              onDevice(host.allocateFrom(ValueLayout.JAVA_LONG, cut, N - cut)),
              onDevice(host.allocateFrom(ValueLayout.JAVA_INT, 0, 0)),
              one(host, RATE),
              one(host, 1L),
              null,
              key(host),
              2,
              0,
              0,
              1e-30,
              0,
              1,
              Kernels.BF16);
      var all = Arrays.copyOf(get(host, weights[0], sizes[0]), N);
      System.arraycopy(get(host, weights[1], sizes[1]), 0, all, cut, sizes[1]);
      return all;
    }
  }

  private MemorySegment key(Arena host) {
    return onDevice(host.allocateFrom(ValueLayout.JAVA_LONG, SEED, SEQUENCE));
  }

  private MemorySegment one(Arena host, double value) {
    return onDevice(host.allocateFrom(ValueLayout.JAVA_DOUBLE, value));
  }

  private MemorySegment one(Arena host, long value) {
    return onDevice(host.allocateFrom(ValueLayout.JAVA_LONG, value));
  }

  private MemorySegment put(Arena host, short[] elements) {
    return onDevice(host.allocateFrom(ValueLayout.JAVA_SHORT, elements));
  }

  private MemorySegment onDevice(MemorySegment host) {
    var address = memory.bytes(host.byteSize());
    memory.copyToDevice(address, host);
    return address;
  }

  private short[] get(Arena host, MemorySegment address, int n) {
    var elements = host.allocate(2L * n, 16);
    memory.copyToHost(elements, address);
    return elements.toArray(ValueLayout.JAVA_SHORT);
  }

  private Kernels kernels() {
    return device.kernels();
  }

  private MemorySegment stream() {
    return device.stream().handle();
  }
}
