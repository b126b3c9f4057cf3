package dev.gatun.tensor;

import dev.gatun.ClosedTensor;
import dev.gatun.ShapeMismatch;
import dev.gatun.WrongDevice;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.op.Attention;
import dev.gatun.op.AttentionBlock;
import dev.gatun.op.Binary;
import dev.gatun.op.Concatenate;
import dev.gatun.op.Gather;
import dev.gatun.op.Linear;
import dev.gatun.op.MatMul;
import dev.gatun.op.Mlp;
import dev.gatun.op.Op;
import dev.gatun.op.Reduce;
import dev.gatun.op.Reshape;
import dev.gatun.op.Slice;
import dev.gatun.op.SquaredError;
import dev.gatun.op.Transpose;
import dev.gatun.op.Unary;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;

/// An array on a device, in row-major order, that lives as long as its scope. Operations are
/// kernels: each puts its result into the innermost open scope of the device, and if that is a
/// tape, the tape records it. Nothing is copied to the host but by the methods that say so:
/// [#item], [#toFloats], [#toDoubles], [#toInts].
public final class Tensor {
  private final Scope scope;
  private final MemorySegment data;
  private final DType dtype;
  private final Shape shape;
  private final GradientSlot slot;
  private final boolean recorded;

  private Tensor(
      Scope scope,
      MemorySegment data,
      DType dtype,
      Shape shape,
      GradientSlot slot,
      boolean recorded) {
    this.scope = scope;
    this.data = data;
    this.dtype = dtype;
    this.shape = shape;
    this.slot = slot;
    this.recorded = recorded;
  }

  /// A tensor over memory of `scope` that already exists; with a slot it is a parameter.
  public static Tensor over(
      Scope scope, MemorySegment data, DType dtype, Shape shape, GradientSlot slot) {
    return new Tensor(scope, data, dtype, shape, slot, false);
  }

  public static Tensor uninitialized(Scope scope, DType dtype, Shape shape) {
    return uninitialized(scope, dtype, shape, false);
  }

  /// For the result of an operation, which may be `recorded` by the tape that `scope` is.
  public static Tensor uninitialized(Scope scope, DType dtype, Shape shape, boolean recorded) {
    long bytes = Math.multiplyExact(shape.count(), dtype.bytes());
    return new Tensor(scope, scope.bytes(bytes), dtype, shape, null, recorded);
  }

  /// All elements equal; floating-point only.
  public static Tensor filled(Scope scope, DType dtype, Shape shape, double value) {
    var tensor = uninitialized(scope, dtype, shape);
    var device = scope.device();
    device
        .kernels()
        .fill(device.stream().handle(), tensor.data, shape.count(), value, dtype.code());
    return tensor;
  }

  public static Tensor zeros(Scope scope, DType dtype, Shape shape) {
    return filled(scope, dtype, shape, 0);
  }

  /// An F32 tensor of these elements.
  public static Tensor of(Scope scope, Shape shape, float... elements) {
    return copied(scope, DType.F32, shape, elements.length, MemorySegment.ofArray(elements));
  }

  /// An F64 tensor of these elements.
  public static Tensor of(Scope scope, Shape shape, double... elements) {
    return copied(scope, DType.F64, shape, elements.length, MemorySegment.ofArray(elements));
  }

  /// An I32 tensor of these elements.
  public static Tensor of(Scope scope, Shape shape, int... elements) {
    return copied(scope, DType.I32, shape, elements.length, MemorySegment.ofArray(elements));
  }

  private static Tensor copied(
      Scope scope, DType dtype, Shape shape, long count, MemorySegment elements) {
    if (shape.count() != count) {
      throw new ShapeMismatch(
          "a tensor of shape %s has %d elements, not %d".formatted(shape, shape.count(), count));
    }
    var tensor = uninitialized(scope, dtype, shape);
    tensor.copyFrom(elements);
    return tensor;
  }

  public Device device() {
    return scope.device();
  }

  /// Where its memory is accounted for, and as long as which it lives.
  public Scope scope() {
    return scope;
  }

  public DType dtype() {
    return dtype;
  }

  public Shape shape() {
    return shape;
  }

  /// The address, for kernels. It has no length: Java cannot read it.
  public MemorySegment data() {
    return data;
  }

  /// Where the gradient goes, for parameters.
  public Optional<GradientSlot> slot() {
    return Optional.ofNullable(slot);
  }

  /// Whether the tape that it lives in has recorded the operation it is the result of.
  public boolean isRecorded() {
    return recorded;
  }

  /// Whether [#requireUsable] would pass: for those who would have to make the operation's name.
  public boolean isUsableOn(Device device) {
    return scope.isOpen() && scope.device() == device;
  }

  /// Throws [ClosedTensor] or [WrongDevice], naming the operation, if this tensor cannot be used on
  /// `device` now.
  public void requireUsable(String operation, Device device) {
    if (!scope.isOpen()) {
      throw new ClosedTensor(
          "%s: the scope of a tensor of shape %s is closed".formatted(operation, shape));
    }
    if (scope.device() != device) {
      throw new WrongDevice(
          "%s: a tensor of shape %s is on another device".formatted(operation, shape));
    }
  }

  // ---- operations

  /// This plus `other`, which may be broadcast (see [Binary]); if this is the smaller, this is.
  public Tensor plus(Tensor other) {
    return binary(other, Binary.Kind.ADD, Binary.Kind.ADD);
  }

  public Tensor minus(Tensor other) {
    return binary(other, Binary.Kind.SUBTRACT, Binary.Kind.REVERSE_SUBTRACT);
  }

  /// The elementwise product.
  public Tensor times(Tensor other) {
    return binary(other, Binary.Kind.MULTIPLY, Binary.Kind.MULTIPLY);
  }

  public Tensor dividedBy(Tensor other) {
    return binary(other, Binary.Kind.DIVIDE, Binary.Kind.REVERSE_DIVIDE);
  }

  private Tensor binary(Tensor other, Binary.Kind kind, Binary.Kind reversed) {
    return shape.count() >= other.shape.count() && shape.rank() >= other.shape.rank()
        ? run(new Binary(kind), this, other)
        : run(new Binary(reversed), other, this);
  }

  public Tensor plus(double summand) {
    return run(new Unary(Unary.Kind.SHIFT, summand), this);
  }

  public Tensor times(double factor) {
    return run(new Unary(Unary.Kind.SCALE, factor), this);
  }

  public Tensor exp() {
    return run(new Unary(Unary.Kind.EXP), this);
  }

  /// The natural logarithm.
  public Tensor log() {
    return run(new Unary(Unary.Kind.LOG), this);
  }

  public Tensor tanh() {
    return run(new Unary(Unary.Kind.TANH), this);
  }

  public Tensor relu() {
    return run(new Unary(Unary.Kind.RELU), this);
  }

  public Tensor sigmoid() {
    return run(new Unary(Unary.Kind.SIGMOID), this);
  }

  public Tensor square() {
    return run(new Unary(Unary.Kind.SQUARE), this);
  }

  /// GELU in its tanh form.
  public Tensor gelu() {
    return run(new Unary(Unary.Kind.GELU), this);
  }

  /// The sum of all elements, a scalar.
  public Tensor sum() {
    return sum(Reduce.ALL);
  }

  /// The sum along `axis`, which disappears.
  public Tensor sum(int axis) {
    return run(new Reduce(Reduce.Kind.SUM, axis), this);
  }

  /// The mean of all elements, a scalar.
  public Tensor mean() {
    return mean(Reduce.ALL);
  }

  /// The mean along `axis`, which disappears.
  public Tensor mean(int axis) {
    return run(new Reduce(Reduce.Kind.MEAN, axis), this);
  }

  /// The last two axes swapped.
  public Tensor transpose() {
    return run(new Transpose(), this);
  }

  /// The same elements under another shape.
  public Tensor reshape(long... sizes) {
    return run(new Reshape(Shape.of(sizes)), this);
  }

  /// The `count` entries of `axis` from `start` on.
  public Tensor slice(int axis, long start, long count) {
    return run(new Slice(axis, start, count), this);
  }

  /// This followed by `other` along `axis`.
  public Tensor concatenate(Tensor other, int axis) {
    return run(new Concatenate(axis), this, other);
  }

  /// Rows of this (rows, cols) table at I32 `indices`.
  public Tensor gather(Tensor indices) {
    return run(new Gather(), this, indices);
  }

  /// The matrix product over the last two axes.
  public Tensor matmul(Tensor other) {
    return run(new MatMul(), this, other);
  }

  /// This (…, in) times weight (in, out) plus bias (out).
  public Tensor linear(Tensor weight, Tensor bias) {
    return run(new Linear(true), this, weight, bias);
  }

  /// Attention over this (B, T, 3 * heads * D) product of one linear layer, which holds the
  /// queries, keys and values of all heads one behind the other: (B, T, heads * D). A
  /// position sees itself and, if `causal`, only those before it.
  public Tensor attention(long heads, double scale, boolean causal) {
    return run(new Attention(heads, scale, causal), this);
  }

  /// The same over documents that lie one behind the other in the sequences: a position sees
  /// only its own. The I32 `bounds` are where documents begin, counted through all sequences,
  /// and B * T as the last.
  public Tensor attention(long heads, double scale, boolean causal, Tensor bounds) {
    return run(new Attention(heads, scale, causal, true), this, bounds);
  }

  /// This (B, T, C) plus attention over its layer norm, one half of a transformer's block in
  /// one call. `parameters`: the norm's weight (C), weights (C, 3 C) and (C, C), then either
  /// no biases or that of the norm (C) and those of the products (3 C), (C).
  public Tensor attentionBlock(
      long heads, double scale, double eps, boolean causal, Tensor... parameters) {
    var op = new AttentionBlock(heads, scale, eps, parameters.length > 3, causal);
    return run(op, with(parameters));
  }

  /// This (…, C) plus what two products around a GELU make of its layer norm, the other half
  /// of a transformer's block in one call. `parameters`: the norm's weight (C), weights (C,
  /// hidden) and (hidden, C), then either no biases or that of the norm (C) and those of the
  /// products (hidden), (C).
  public Tensor mlpBlock(double eps, Tensor... parameters) {
    return run(new Mlp(eps, parameters.length > 3), with(parameters));
  }

  private Tensor[] with(Tensor... others) {
    return Stream.concat(Stream.of(this), Arrays.stream(others)).toArray(Tensor[]::new);
  }

  /// The mean of the squared differences, a scalar.
  public Tensor squaredError(Tensor target) {
    return run(new SquaredError(), this, target);
  }

  private static Tensor run(Op op, Tensor... inputs) {
    return op.apply(inputs).getFirst();
  }

  // ---- copies between host and device

  /// Copies all elements from host memory, which must have just their bytes.
  public void copyFrom(MemorySegment host) {
    requireUsable("copyFrom", device());
    if (host.byteSize() != bytes()) {
      throw new ShapeMismatch(
          "a %s tensor of shape %s takes %d bytes, not %d"
              .formatted(dtype, shape, bytes(), host.byteSize()));
    }
    if (bytes() > 0) scope.copyToDevice(data, host);
  }

  /// Copies numbers into a floating-point tensor, each rounded to its type; to bf16 by way of fp32.
  public void copyFrom(double... elements) {
    switch (dtype) {
      case F32 -> copyFrom(MemorySegment.ofArray(rounded(elements)));
      case BF16 -> {
        var floats = rounded(elements);
        var halves = new short[floats.length];
        for (int i = 0; i < halves.length; i++) halves[i] = UpperHalf.of(floats[i]);
        copyFrom(MemorySegment.ofArray(halves));
      }
      default -> {
        requireType(DType.F64);
        copyFrom(MemorySegment.ofArray(elements));
      }
    }
  }

  private static float[] rounded(double[] elements) {
    var floats = new float[elements.length];
    for (int i = 0; i < floats.length; i++) floats[i] = (float) elements[i];
    return floats;
  }

  /// Waits for the work so far and copies all elements into host memory.
  public void copyTo(MemorySegment host) {
    requireUsable("copyTo", device());
    if (bytes() > 0) scope.copyToHost(host.asSlice(0, bytes()), data);
  }

  /// The only element of a floating-point tensor. Waits.
  public double item() {
    if (shape.count() != 1)
      throw new ShapeMismatch("item: shape %s is not one element".formatted(shape));
    return toDoubles()[0];
  }

  /// The elements of an F32 or BF16 tensor. Waits.
  public float[] toFloats() {
    var elements = new float[Math.toIntExact(shape.count())];
    if (dtype == DType.BF16) {
      var halves = new short[elements.length];
      copyTo(MemorySegment.ofArray(halves));
      for (int i = 0; i < halves.length; i++) elements[i] = UpperHalf.toFloat(halves[i]);
      return elements;
    }
    requireType(DType.F32);
    copyTo(MemorySegment.ofArray(elements));
    return elements;
  }

  /// The elements of a floating-point tensor. Waits.
  public double[] toDoubles() {
    if (dtype.wide() == DType.F32) {
      var floats = toFloats();
      var elements = new double[floats.length];
      for (int i = 0; i < floats.length; i++) elements[i] = floats[i];
      return elements;
    }
    requireType(DType.F64);
    var elements = new double[Math.toIntExact(shape.count())];
    copyTo(MemorySegment.ofArray(elements));
    return elements;
  }

  /// The elements of an I32 tensor. Waits.
  public int[] toInts() {
    requireType(DType.I32);
    var elements = new int[Math.toIntExact(shape.count())];
    copyTo(MemorySegment.ofArray(elements));
    return elements;
  }

  private void requireType(DType wanted) {
    if (dtype != wanted)
      throw new ShapeMismatch("the tensor is %s, not %s".formatted(dtype, wanted));
  }

  private long bytes() {
    return shape.count() * dtype.bytes();
  }

  @Override
  public String toString() {
    return "Tensor" + shape + " " + dtype;
  }
}
