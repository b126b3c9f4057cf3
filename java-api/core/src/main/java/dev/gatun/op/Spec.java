package dev.gatun.op;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;

/// What an op knows of a tensor before there is one.
public record Spec(Shape shape, DType dtype) {
  public long bytes() {
    return Math.multiplyExact(shape.count(), dtype.bytes());
  }

  /// The same type with another shape.
  public Spec with(Shape other) {
    return new Spec(other, dtype);
  }

  /// A statistic, loss or parameter gradient beside activations of this type.
  public Spec wide(long... sizes) {
    return new Spec(Shape.of(sizes), dtype.wide());
  }

  @Override
  public String toString() {
    return shape + " " + dtype;
  }
}
