package dev.gatun.laws;

import dev.gatun.op.Op;
import dev.gatun.op.Spec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/// An op at one set of shapes, and what it means there.
public record OpSample(Op op, List<Argument> arguments, Definition definition) {
  public OpSample {
    arguments = List.copyOf(arguments);
  }

  public OpSample(Op op, Definition definition, Argument... arguments) {
    this(op, List.of(arguments), definition);
  }

  /// The op with its attributes and the shapes of its arguments.
  public String name() {
    return arguments.stream()
        .map(Argument::label)
        .collect(Collectors.joining(" ", op + " of ", ""));
  }

  /// Fixed by the name.
  public long seed() {
    return name().hashCode();
  }

  public SplittableRandom random() {
    return new SplittableRandom(seed());
  }

  public List<Shape> shapes() {
    return arguments.stream().map(Argument::shape).toList();
  }

  /// What the op is told of its arguments where activations are `activations`.
  public List<Spec> specs(DType activations) {
    return arguments.stream()
        .map(argument -> new Spec(argument.shape(), argument.dtype(activations)))
        .toList();
  }

  public double[][] draw(SplittableRandom random) {
    return arguments.stream().map(argument -> argument.draw(random)).toArray(double[][]::new);
  }

  /// Fails in this sample's name.
  public void require(boolean holds, String fault, Object... parts) {
    if (holds) return;
    throw new AssertionError("%s, seed %d: %s".formatted(name(), seed(), fault.formatted(parts)));
  }
}
