package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ffi.Kernels;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Kernels bound by memory move what they must and little else, in accesses of 16 bytes. The bytes
/// that must move are each argument once.
@Tag("emulator")
class RowBudgetsTest {
  private static final long ROWS = 1024;
  private static final long COLS = 768;
  private static final double MOST = 1.05;

  private Device device;
  private Scope memory;

  @BeforeEach
  void open() {
    device = Device.emulated();
    memory = device.scope();
  }

  @AfterEach
  void close() {
    device.close();
  }

  /// An array of `dtype` with values between -1 and 1.
  private MemorySegment array(long count, DType dtype) {
    var address = memory.bytes(count * dtype.bytes());
    var random = new SplittableRandom(count);
    try (var arena = Arena.ofConfined()) {
      var host = arena.allocate(count * dtype.bytes(), 16);
      for (long i = 0; i < count; i++) {
        float x = (float) random.nextDouble(-1, 1);
        if (dtype == DType.F32) host.setAtIndex(ValueLayout.JAVA_FLOAT, i, x);
        else
          host.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(x) >>> 16));
      }
      memory.copyToDevice(address, host);
    }
    return address;
  }

  /// `statistics` are elements that stand alone in their row: each takes a sector to itself.
  private void requireBudget(double read, double written, long statistics, Runnable work) {
    var counts = Emulator.counted(work);
    double bytesRead = Emulator.total(counts, "read_bytes");
    double bytesWritten = Emulator.total(counts, "written_bytes");
    double wide = Emulator.total(counts, "wide_bytes") / (bytesRead + bytesWritten);
    double sectors =
        32.0 * (Emulator.total(counts, "read_sectors") + Emulator.total(counts, "written_sectors"));
    assertTrue(
        bytesRead >= read && bytesRead <= MOST * read,
        () -> "read %.0f: %s".formatted(read, counts));
    assertTrue(
        bytesWritten >= written && bytesWritten <= MOST * written,
        () -> "written %.0f: %s".formatted(written, counts));
    assertTrue(wide >= 0.95, () -> "%.3f in accesses of 16 bytes: %s".formatted(wide, counts));
    assertTrue(
        sectors <= MOST * (read + written + 28.0 * statistics),
        () -> "sectors of %.0f bytes: %s".formatted(sectors, counts));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void layerNormMovesItsRowsOnce(DType dtype) {
    var x = array(ROWS * COLS, dtype);
    var y = array(ROWS * COLS, dtype);
    var weight = array(COLS, DType.F32);
    var bias = array(COLS, DType.F32);
    var mean = array(ROWS, DType.F32);
    var rstd = array(ROWS, DType.F32);
    double rows = ROWS * COLS * dtype.bytes();
    requireBudget(
        rows + 8 * COLS,
        rows + 8 * ROWS,
        2 * ROWS,
        () ->
            kernels()
                .layernormForward(
                    stream(), y, mean, rstd, x, weight, bias, ROWS, COLS, 1e-5, dtype.code()));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void residualLayerNormReadsTwoAndWritesTwo(DType dtype) {
    var x = array(ROWS * COLS, dtype);
    var residual = array(ROWS * COLS, dtype);
    var sum = array(ROWS * COLS, dtype);
    var y = array(ROWS * COLS, dtype);
    var weight = array(COLS, DType.F32);
    var bias = array(COLS, DType.F32);
    var mean = array(ROWS, DType.F32);
    var rstd = array(ROWS, DType.F32);
    double rows = ROWS * COLS * dtype.bytes();
    requireBudget(
        2 * rows + 8 * COLS,
        2 * rows + 8 * ROWS,
        2 * ROWS,
        () ->
            kernels()
                .residualLayernormForward(
                    stream(),
                    sum,
                    y,
                    mean,
                    rstd,
                    x,
                    residual,
                    weight,
                    bias,
                    ROWS,
                    COLS,
                    1e-5,
                    dtype.code()));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void thePullbackOfLayerNormReadsTwoAndWritesOne(DType dtype) {
    var dx = array(ROWS * COLS, dtype);
    var dy = array(ROWS * COLS, dtype);
    var x = array(ROWS * COLS, dtype);
    var weight = array(COLS, DType.F32);
    var dweight = array(COLS, DType.F32);
    var dbias = array(COLS, DType.F32);
    var mean = array(ROWS, DType.F32);
    var rstd = array(ROWS, DType.F32);
    double rows = ROWS * COLS * dtype.bytes();
    requireBudget(
        2 * rows + 4 * COLS + 8 * ROWS,
        rows + 8 * COLS,
        2 * ROWS,
        () ->
            kernels()
                .layernormPullback(
                    stream(),
                    dx,
                    dweight,
                    dbias,
                    dy,
                    x,
                    weight,
                    mean,
                    rstd,
                    ROWS,
                    COLS,
                    -1,
                    dtype.code()));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32"})
  void adamWReads16AndWrites12BytesAWeight(DType dtype) {
    long n = 1 << 18;
    var weights = array(n, dtype);
    var m = array(n, dtype);
    var v = array(n, dtype);
    var gradients = array(n, dtype);
    var rate = memory.doubles(1);
    var step = memory.longs(1);
    try (var arena = Arena.ofConfined()) {
      memory.copyToDevice(rate, arena.allocateFrom(ValueLayout.JAVA_DOUBLE, 1e-3));
      memory.copyToDevice(step, arena.allocateFrom(ValueLayout.JAVA_LONG, 3));
    }
    requireBudget(
        16.0 * n,
        12.0 * n,
        0,
        () ->
            kernels()
                .adamwStep(
                    stream(),
                    weights,
                    null,
                    m,
                    v,
                    gradients,
                    rate,
                    step,
                    null,
                    null,
                    0,
                    n,
                    n / 2,
                    0.9,
                    0.95,
                    1e-8,
                    0.1,
                    1,
                    dtype.code()));
  }

  private Kernels kernels() {
    return device.kernels();
  }

  private MemorySegment stream() {
    return device.stream().handle();
  }
}
