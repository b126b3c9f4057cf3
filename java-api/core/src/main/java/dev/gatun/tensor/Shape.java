package dev.gatun.tensor;

import dev.gatun.ShapeMismatch;
import java.util.Arrays;
import java.util.stream.Collectors;

/// Sizes of the axes, outermost first; elements lie in row-major order. A scalar has no axes.
public record Shape(long... sizes) {
  public static final Shape SCALAR = new Shape();

  public Shape {
    sizes = sizes.clone();
    for (var size : sizes)
      if (size < 0) throw new ShapeMismatch("a shape has the negative size " + size);
  }

  public static Shape of(long... sizes) {
    return new Shape(sizes);
  }

  /// Number of axes.
  public int rank() {
    return sizes.length;
  }

  /// Size of an axis; negative ones count from the last: -1 is the innermost.
  public long size(int axis) {
    return sizes[axis(axis)];
  }

  /// The axis as a number from 0.
  public int axis(int axis) {
    int at = axis < 0 ? axis + sizes.length : axis;
    if (at < 0 || at >= sizes.length)
      throw new ShapeMismatch("%s has no axis %d".formatted(this, axis));
    return at;
  }

  /// Number of elements.
  public long count() {
    return product(0, sizes.length);
  }

  /// Elements of the axes before `axis`.
  public long outer(int axis) {
    return product(0, axis(axis));
  }

  /// Elements of the axes behind `axis`.
  public long inner(int axis) {
    return product(axis(axis) + 1, sizes.length);
  }

  /// All axes but the last taken together; 1 for a scalar.
  public long rows() {
    return product(0, Math.max(0, sizes.length - 1));
  }

  /// Size of the last axis; 1 for a scalar.
  public long cols() {
    return sizes.length == 0 ? 1 : sizes[sizes.length - 1];
  }

  /// This shape with another size at `axis`.
  public Shape with(int axis, long size) {
    var changed = sizes.clone();
    changed[axis(axis)] = size;
    return new Shape(changed);
  }

  /// This shape without `axis`.
  public Shape without(int axis) {
    int gone = axis(axis);
    var rest = new long[sizes.length - 1];
    for (int i = 0, j = 0; i < sizes.length; i++) if (i != gone) rest[j++] = sizes[i];
    return new Shape(rest);
  }

  /// This shape with one more axis behind.
  public Shape append(long size) {
    var longer = Arrays.copyOf(sizes, sizes.length + 1);
    longer[sizes.length] = size;
    return new Shape(longer);
  }

  private long product(int from, int to) {
    long product = 1;
    for (int i = from; i < to; i++) product = Math.multiplyExact(product, sizes[i]);
    return product;
  }

  @Override
  public long[] sizes() {
    return sizes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(sizes, shape.sizes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sizes);
  }

  @Override
  public String toString() {
    return Arrays.stream(sizes)
        .mapToObj(Long::toString)
        .collect(Collectors.joining(", ", "(", ")"));
  }
}
