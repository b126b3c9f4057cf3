package dev.gatun.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.InvalidArgument;
import dev.gatun.optim.OnDevice;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.stream.Stream;
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
  private final Tensor momenta = Tensor.zeros(memory, DType.F32, TABLED);
  private final MemorySegment rate = memory.doubles(1);
  private final MemorySegment counts = memory.longs(2);
  private final MemorySegment decays = memory.bytes(Integer.BYTES);

  RecordedTablesTest() {
    memory.copyToDevice(rate, MemorySegment.ofArray(new double[] {1}));
    memory.copyToDevice(counts, MemorySegment.ofArray(new long[] {TABLED.count(), 1}));
    memory.copyToDevice(decays, MemorySegment.ofArray(new int[] {0}));
  }

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

  /// A table is memory of the device: what it names is read anew.
  @Test
  void whatATableNamesMayBeAnother() {
    var first = Tensor.zeros(memory, DType.F32, TABLED);
    var second = Tensor.zeros(memory, DType.F32, TABLED);
    var weights = table(memory, first);
    var gradients = table(memory, Tensor.filled(memory, DType.F32, TABLED, 1));
    var means = table(memory, momenta);
    try (var recording = device.record(() -> lion(weights, means, gradients))) {
      recording.replay();
      name(memory, weights, second);
      recording.replay();
      recording.replay();
    }
    assertEquals(-1, first.toFloats()[0]);
    assertEquals(-2, second.toFloats()[0]);
  }

  /// A step of Lion on w, which it knows by a table alone.
  private Runnable lionByTables(Tensor w) {
    return () -> {
      try (var scope = device.scope()) {
        var gradients = Tensor.filled(scope, DType.F32, TABLED, 1);
        var tables = Stream.of(w, momenta, gradients).map(each -> table(scope, each)).toList();
        Tensor.filled(scope, DType.F32, TABLED, -1);
        lion(tables.get(0), tables.get(1), tables.get(2));
      }
    };
  }

  private static MemorySegment table(Scope scope, Tensor named) {
    var table = scope.longs(1);
    name(scope, table, named);
    return table;
  }

  private static void name(Scope scope, MemorySegment table, Tensor named) {
    scope.copyToDevice(table, MemorySegment.ofArray(new long[] {named.data().address()}));
  }

  private void lion(MemorySegment weights, MemorySegment momenta, MemorySegment gradients) {
    device
        .kernels()
        .lionTableStep(
            device.stream().handle(),
            weights,
            null,
            momenta,
            gradients,
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
}
