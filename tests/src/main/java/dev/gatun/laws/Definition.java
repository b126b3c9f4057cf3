package dev.gatun.laws;

import dev.gatun.tensor.Shape;
import java.util.List;

/// What an op means, in plain scalar arithmetic: from its arguments, as handles of [Scalars], to
/// the handles of its values. For an argument of indices the array holds the indices themselves.
@FunctionalInterface
public interface Definition {
  int[][] of(Scalars s, List<Shape> shapes, int[][] arguments);
}
