package dev.gatun.laws.emulator;

import dev.gatun.laws.manners.Extent;
import dev.gatun.laws.manners.KernelSample;
import dev.gatun.laws.manners.Prototype;
import dev.gatun.tensor.DType;
import java.util.HashMap;
import java.util.stream.Stream;

/// A kernel of the header with values for its scalars, in one type.
///
/// Where a sample says nothing a number is a half and a kind the first, but `fresh` all ones, and
/// integers in arrays are random; a number named after an array of integers is all of them.
/// Two of its numbers are no arguments: `shift`, the elements by which arrays begin past an
/// aligned address; `each`, the elements of each array of a table.
record Case(Prototype kernel, KernelSample sample, DType dtype) {

  /// One for each combination of the listed values, and for fp32 and bf16 where the kernel has
  /// both and no `dtype` is given.
  static Stream<Case> all(String kernel, String sizes) {
    var prototype = Prototype.of(kernel);
    boolean typed = prototype.arrays().stream().anyMatch(array -> array.type().equals("void"));
    return Stream.of(DType.F32, DType.BF16)
        .filter(dtype -> typed || dtype == DType.F32)
        .flatMap(
            dtype ->
                KernelSample.parse(sizes).stream()
                    .filter(sample -> isFor(dtype, sample))
                    .map(sample -> new Case(prototype, sample, dtype)));
  }

  private static boolean isFor(DType dtype, KernelSample sample) {
    return sample.scalars().getOrDefault("dtype", (double) dtype.code()) == dtype.code();
  }

  /// The value of a sum over sizes and over the names of arrays, which stand for their bytes;
  /// `element` stands for those of one of the type.
  long bytes(String sum) {
    var values = new HashMap<>(sample.scalars());
    values.put("element", (double) dtype.bytes());
    for (var array : kernel.arrays()) {
      long count = Extent.of(array.extent(), sample.scalars());
      values.put(array.name(), (double) count * array.bytes(dtype));
    }
    return Extent.of(sum, values);
  }

  @Override
  public String toString() {
    return "%s %s %s".formatted(kernel.name(), dtype, sample);
  }
}
