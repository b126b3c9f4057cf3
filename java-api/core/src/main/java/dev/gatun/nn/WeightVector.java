package dev.gatun.nn;

import dev.gatun.ShapeMismatch;
import dev.gatun.grad.Direction;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;

/// A vector with one element for each weight of a model: a direction, a product, a diagonal. A
/// weight in two places, as the token embedding that is the head too, is one element.
///
/// On the device it is laid out as the parameters' arenas, in their wide type. On the host it is
/// all parameters in order of their names' declaration, one behind the other, without the rows that
/// pad the vocabulary.
public final class WeightVector {
  private final Gpt gpt;
  private final MemorySegment arena;

  private WeightVector(Gpt gpt, MemorySegment arena) {
    this.gpt = gpt;
    this.arena = arena;
  }

  /// Zeros, in memory beside the model's.
  public static WeightVector zeros(Gpt gpt) {
    var parameters = gpt.parameters();
    var shape = Shape.of(parameters.count());
    return new WeightVector(
        gpt, Tensor.zeros(parameters.scope(), parameters.dtype().wide(), shape).data());
  }

  /// What stands in the place of the gradients now, and after it whatever will.
  public static WeightVector overGradients(Gpt gpt) {
    return new WeightVector(gpt, gpt.parameters().gradients());
  }

  /// Elements on the host: the weights of the model. Throws [ArithmeticException] beyond 2^31 - 1.
  public int size() {
    long size = 0;
    for (var name : gpt.parameters().names()) size += stored(name).count();
    return Math.toIntExact(size);
  }

  /// The arena on the device.
  public MemorySegment arena() {
    return arena;
  }

  public DType dtype() {
    return gpt.parameters().dtype().wide();
  }

  /// The part that belongs to the parameter called `name`, with the padding of its shape.
  public Tensor part(String name) {
    return view(name, gpt.parameters().get(name).shape());
  }

  /// The same without padding.
  public Tensor storedPart(String name) {
    return view(name, stored(name));
  }

  private Tensor view(String name, Shape shape) {
    var scope = gpt.parameters().scope();
    long bytes = gpt.parameters().offset(name) * dtype().bytes();
    return Tensor.over(scope, scope.at(arena, bytes), dtype(), shape, null);
  }

  private Shape stored(String name) {
    return gpt.parameters().get(name).shape().with(0, gpt.storedRows(name));
  }

  /// The direction that it is, whatever it holds when that is used.
  public Direction direction() {
    var parts = new HashMap<Tensor, Tensor>();
    for (var name : gpt.parameters().names()) parts.put(gpt.parameters().get(name), part(name));
    return Direction.of(parts);
  }

  /// All elements. Waits.
  public double[] toDoubles() {
    var all = new double[size()];
    int at = 0;
    for (var name : gpt.parameters().names()) {
      var part = storedPart(name).toDoubles();
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  /// Copies all elements from the host, rounded to the vector's type.
  public void copyFrom(double[] elements) {
    if (elements.length != size()) {
      throw new ShapeMismatch(
          "the model has %d weights; the vector has %d elements"
              .formatted(size(), elements.length));
    }
    int at = 0;
    for (var name : gpt.parameters().names()) {
      var part = storedPart(name);
      int count = Math.toIntExact(part.shape().count());
      part.copyFrom(bytes(elements, at, count));
      at += count;
    }
  }

  private MemorySegment bytes(double[] elements, int from, int count) {
    if (dtype() == DType.F64) {
      return MemorySegment.ofArray(elements).asSlice(8L * from, 8L * count);
    }
    var rounded = new float[count];
    for (int i = 0; i < count; i++) rounded[i] = (float) elements[from + i];
    return MemorySegment.ofArray(rounded);
  }
}
