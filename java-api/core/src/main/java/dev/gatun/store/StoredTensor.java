package dev.gatun.store;

import dev.gatun.InvalidArgument;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/// A tensor as a safetensors file knows it: its name, the type of its elements, and its shape in
/// elements, outermost first. An empty shape is a scalar (one element); a zero in it makes the
/// tensor empty.
///
/// @throws InvalidArgument for a negative dimension or one byte count beyond a `long`
public record StoredTensor(String name, StoredType type, List<Long> shape) {
  public StoredTensor {
    Objects.requireNonNull(name);
    Objects.requireNonNull(type);
    shape = List.copyOf(shape);
    if (shape.stream().anyMatch(dimension -> dimension < 0)) {
      throw new InvalidArgument(
          "tensor \"%s\" has a negative dimension in its shape %s".formatted(name, shape));
    }
    try {
      Math.multiplyExact(product(shape), (long) type.bytes());
    } catch (ArithmeticException e) {
      throw new InvalidArgument(
          "tensor \"%s\" has a shape %s beyond all memory".formatted(name, shape));
    }
  }

  /// As the record, with the shape spelled out.
  public static StoredTensor of(String name, StoredType type, long... shape) {
    return new StoredTensor(name, type, Arrays.stream(shape).boxed().toList());
  }

  /// Number of elements.
  public long elements() {
    return product(shape);
  }

  /// Number of bytes.
  public long bytes() {
    return elements() * type.bytes();
  }

  private static long product(List<Long> shape) {
    return shape.stream().reduce(1L, Math::multiplyExact);
  }
}
