package dev.gatun.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.InvalidArgument;
import dev.gatun.optim.OnDevice;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What a recorded step knows by a table of addresses alone.
@Tag("backend")
class RecordedTablesTest {
  private static final Shape TABLED = Shape.of(64);

  @AutoClose private final OnDevice on = new OnDevice();
  private final Device device = on.device();
  private final Scope memory = on.memory();

  /// Gradients of one sign are named by a table alone when the step reads them; what was asked for
  /// last, of the other sign, must not lie in their place.
  @Test
  void whatATableNamesKeepsItsPlace() {
    var w = Tensor.zeros(memory, DType.F32, TABLED);
    try (var recording = device.record(lionByTables(w))) {
      recording.replay();
    }
    for (float weight : w.toFloats()) assertEquals(-1, weight);
  }

  @Test
  void whereATableNamesAClosedScopeNothingIsReplayed() {
    var other = device.scope();
    var w = Tensor.zeros(other, DType.F32, TABLED);
    try (var recording = device.record(lionByTables(w))) {
      recording.replay();
      other.close();
      assertThrows(InvalidArgument.class, recording::replay);
    }
  }

  /// A step of Lion on w, which it knows by a table alone.
  private Runnable lionByTables(Tensor w) {
    long n = TABLED.count();
    var m = Tensor.zeros(memory, DType.F32, TABLED);
    var rate = memory.doubles(1);
    var counts = memory.longs(2);
    memory.copyToDevice(rate, MemorySegment.ofArray(new double[] {1}));
    memory.copyToDevice(counts, MemorySegment.ofArray(new long[] {n, 1}));
    var decays = memory.bytes(Integer.BYTES);
    memory.copyToDevice(decays, MemorySegment.ofArray(new int[] {0}));
    return () -> {
      try (var scope = device.scope()) {
        var gradients = Tensor.filled(scope, DType.F32, TABLED, 1);
        var tables = new MemorySegment[3];
        var named = new Tensor[] {w, m, gradients};
        for (int i = 0; i < tables.length; i++) {
          tables[i] = scope.longs(1);
          long address = named[i].data().address();
          scope.copyToDevice(tables[i], MemorySegment.ofArray(new long[] {address}));
        }
        Tensor.filled(scope, DType.F32, TABLED, -1);
        device
            .kernels()
            .lionTableStep(
                device.stream().handle(),
                tables[0],
                null,
                tables[1],
                tables[2],
                counts,
                decays,
                rate,
                memory.at(counts, Long.BYTES),
                null,
                null,
                1,
                0.9,
                0.99,
                0,
                1,
                DType.F32.code());
      }
    };
  }
}
