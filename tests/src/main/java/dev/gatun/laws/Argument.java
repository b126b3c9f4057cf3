package dev.gatun.laws;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/// One argument of a sampled op. All that is drawn is exact in fp32, so that both precisions see
/// the same numbers.
public sealed interface Argument {
  Shape shape();

  /// The argument's type where activations are `activations`.
  DType dtype(DType activations);

  double[] draw(SplittableRandom random);

  /// How names of samples show it.
  default String label() {
    return shape().toString();
  }

  /// Floating-point elements; `wide` ones are biases, norm weights and statistics.
  record Floats(Shape shape, boolean wide, Range range) implements Argument {
    @Override
    public DType dtype(DType activations) {
      return wide ? activations.wide() : activations;
    }

    @Override
    public double[] draw(SplittableRandom random) {
      return random
          .doubles(shape.count())
          .map(_ -> (float) range.draw.applyAsDouble(random))
          .toArray();
    }
  }

  /// I32 elements in 0 to `limit` - 1, of which every `ignoredEvery`-th is negative; 0 for none.
  record Indices(Shape shape, int limit, int ignoredEvery) implements Argument {
    @Override
    public DType dtype(DType activations) {
      return DType.I32;
    }

    @Override
    public double[] draw(SplittableRandom random) {
      var drawn = new double[Math.toIntExact(shape.count())];
      for (int i = 0; i < drawn.length; i++) {
        boolean ignored = ignoredEvery > 0 && i % ignoredEvery == ignoredEvery - 1;
        drawn[i] = ignored ? -1 - i : random.nextInt(limit);
      }
      return drawn;
    }

    @Override
    public String label() {
      return shape + (ignoredEvery > 0 ? " some ignored" : "");
    }
  }

  /// I32 elements that are the same in every draw.
  record Given(List<Integer> elements) implements Argument {
    @Override
    public Shape shape() {
      return Shape.of(elements.size());
    }

    @Override
    public DType dtype(DType activations) {
      return DType.I32;
    }

    @Override
    public double[] draw(SplittableRandom random) {
      return elements.stream().mapToDouble(Integer::doubleValue).toArray();
    }

    @Override
    public String label() {
      return elements.toString();
    }
  }

  /// Where elements lie. Differences need distance from the kinks and poles of what is sampled.
  enum Range {
    ANYWHERE(random -> random.nextDouble(-2, 2)),
    AWAY_FROM_ZERO(random -> (random.nextBoolean() ? 1 : -1) * random.nextDouble(0.25, 2)),
    POSITIVE(random -> random.nextDouble(0.25, 2)),
    /// As weights of large networks are.
    SMALL(random -> random.nextDouble(-0.05, 0.05));

    private final ToDoubleFunction<SplittableRandom> draw;

    Range(ToDoubleFunction<SplittableRandom> draw) {
      this.draw = draw;
    }
  }

  static Argument floats(long... sizes) {
    return new Floats(Shape.of(sizes), false, Range.ANYWHERE);
  }

  static Argument floats(Range range, long... sizes) {
    return new Floats(Shape.of(sizes), false, range);
  }

  static Argument wide(long... sizes) {
    return new Floats(Shape.of(sizes), true, Range.ANYWHERE);
  }

  static Argument indices(int limit, long... sizes) {
    return new Indices(Shape.of(sizes), limit, 0);
  }

  static Argument given(Integer... elements) {
    return new Given(List.of(elements));
  }

  static Argument ignorableIndices(int limit, long... sizes) {
    return new Indices(Shape.of(sizes), limit, 3);
  }
}
