package dev.gatun.laws.manners;

import dev.gatun.laws.Bf16;
import dev.gatun.laws.manners.Parameter.Manner;
import dev.gatun.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// One kernel with one sample in one type: where its arrays lie in a block of memory, each between
/// guard bands, and what stands in them before the call.
record Call(Prototype kernel, KernelSample sample, DType dtype, List<Region> regions) {
  static final byte NAN_POISON = (byte) 0xff;
  static final byte OTHER_POISON = 0x5a;
  /// No number in any type: what a kernel reads there, even times zero, shows.
  private static final byte GUARD = (byte) 0xff;
  private static final long GUARD_BYTES = 256;
  private static final int COUNTED = 3;

  /// An array: `count` elements at `offset`. The arrays of a table are regions too; `parameter` is
  /// the table then, and `inTable` is true.
  record Region(Parameter parameter, boolean inTable, long offset, long count, boolean written) {
    /// Addresses, in a table, are I64.
    DType elements(DType activations) {
      boolean addresses = parameter.manner() == Manner.TABLE && !inTable;
      return addresses ? DType.I64 : parameter.dtype(activations);
    }

    /// Whether the elements are addresses.
    boolean isTable() {
      return parameter.manner() == Manner.TABLE && !inTable;
    }

    boolean isFloating() {
      return elements(DType.F64) == DType.F64;
    }

    long end(DType activations) {
      return offset + count * elements(activations).bytes();
    }
  }

  static Call of(Prototype kernel, KernelSample sample, DType dtype) {
    var regions = new ArrayList<Region>();
    for (var array : kernel.arrays()) {
      if (sample.absent().contains(array.name())) continue;
      long count = Extent.of(array.extent(), sample.scalars());
      place(regions, dtype, array, false, count, array.isWritten());
      if (array.manner() != Manner.TABLE) continue;
      for (int i = 0; i < count; i++) {
        boolean written = sample.updated().contains(array.name());
        place(regions, dtype, array, true, tableSize(i), written);
      }
    }
    return new Call(kernel, sample, dtype, regions);
  }

  private static void place(
      List<Region> regions, DType dtype, Parameter array, boolean inTable, long count, boolean w) {
    long last = regions.isEmpty() ? 0 : regions.getLast().end(dtype);
    long offset = Math.ceilDiv(last + GUARD_BYTES, GUARD_BYTES) * GUARD_BYTES;
    regions.add(new Region(array, inTable, offset, count, w));
  }

  /// Elements of the i-th array of a table.
  private static long tableSize(int i) {
    return 1 + 21L * i * i;
  }

  long blockBytes() {
    return (regions.isEmpty() ? 0 : regions.getLast().end(dtype)) + GUARD_BYTES;
  }

  Region region(Parameter array) {
    for (var region : regions) if (region.parameter() == array && !region.inTable()) return region;
    return null;
  }

  /// Writes what stands in the block before a call at `address`: `poison` in what must be
  /// overwritten, numbers elsewhere.
  void fill(MemorySegment block, long address, byte poison, int fresh) {
    block.fill(GUARD);
    for (var region : regions) {
      var place = block.asSlice(region.offset(), region.end(dtype) - region.offset());
      if (isOverwritten(region, fresh)) place.fill(poison);
      else if (region.isTable()) addresses(place, region.parameter(), address);
      else numbers(place, region);
    }
  }

  boolean isOverwritten(Region region, int fresh) {
    var array = region.parameter();
    return array.manner() == Manner.OUT
        || array.manner() == Manner.ACC && (fresh >> kernel.accumulated().indexOf(array) & 1) == 1;
  }

  private void addresses(MemorySegment place, Parameter table, long address) {
    int next = 0;
    for (var region : regions) {
      if (region.parameter() != table || !region.inTable()) continue;
      place.setAtIndex(ValueLayout.JAVA_LONG, next++, address + region.offset());
    }
  }

  /// Positive numbers, which every kernel can take, and the same in every type; indices below their
  /// limit.
  private void numbers(MemorySegment place, Region region) {
    var array = region.parameter();
    var random = new SplittableRandom((sample + array.name() + regions.indexOf(region)).hashCode());
    for (int i = 0; i < region.count(); i++) {
      if (region.isFloating()) {
        double x = random.nextDouble(0.25, 1.25);
        boolean wide = array.dtype(DType.BF16) != DType.BF16;
        write(place, region, i, wide ? (float) x : Bf16.nearest(x));
      } else if (array.type().equals("int32_t")) {
        place.setAtIndex(ValueLayout.JAVA_INT, i, index(region, i, random));
      } else {
        place.setAtIndex(ValueLayout.JAVA_LONG, i, sizesOfTable(array) ? tableSize(i) : COUNTED);
      }
    }
  }

  /// Writes a number to the i-th element of a region that begins where `place` does.
  void write(MemorySegment place, Region region, int i, double x) {
    switch (region.elements(dtype)) {
      case F64 -> place.setAtIndex(ValueLayout.JAVA_DOUBLE, i, x);
      case F32 -> place.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) x);
      default -> place.setAtIndex(ValueLayout.JAVA_SHORT, i, Bf16.encode((float) x));
    }
  }

  private int index(Region region, int i, SplittableRandom random) {
    var array = region.parameter();
    int limit = Math.toIntExact(Extent.of(array.limit(), sample.scalars()));
    if (array.ascending()) return (int) ((limit - 1) * i / Math.max(1, region.count() - 1));
    return array.ignorable() && i % 3 == 2 ? -1 - i : random.nextInt(limit);
  }

  /// Whether the integers are the sizes of the arrays in the kernel's tables.
  private boolean sizesOfTable(Parameter array) {
    return kernel.arrays().stream()
        .anyMatch(p -> p.manner() == Manner.TABLE && p.extent().equals(array.extent()));
  }

  /// The elements of a region of a block.
  double[] read(MemorySegment block, Region region) {
    var place = block.asSlice(region.offset());
    var elements = new double[Math.toIntExact(region.count())];
    var as = region.elements(dtype);
    for (int i = 0; i < elements.length; i++) {
      long at = region.offset() + (long) i * as.bytes();
      elements[i] =
          switch (as) {
            case F32 -> block.get(ValueLayout.JAVA_FLOAT, at);
            case F64 -> block.get(ValueLayout.JAVA_DOUBLE, at);
            case BF16 -> Bf16.decode(block.get(ValueLayout.JAVA_SHORT, at));
            case I32 -> block.get(ValueLayout.JAVA_INT, at);
            case I64 -> block.get(ValueLayout.JAVA_LONG, at);
          };
    }
    return elements;
  }

  /// Whether an element still has the bytes of the poison.
  boolean isPoisoned(MemorySegment block, Region region, int element, byte poison) {
    int bytes = region.elements(dtype).bytes();
    long from = region.offset() + (long) element * bytes;
    for (long at = from; at < from + bytes; at++) {
      if (block.get(ValueLayout.JAVA_BYTE, at) != poison) return false;
    }
    return true;
  }

  /// Fails in this call's name.
  void require(boolean holds, String fault, Object... parts) {
    if (holds) return;
    throw new AssertionError("%s: %s".formatted(this, fault.formatted(parts)));
  }

  @Override
  public String toString() {
    return "%s %s %s".formatted(kernel.name(), dtype, sample);
  }
}
