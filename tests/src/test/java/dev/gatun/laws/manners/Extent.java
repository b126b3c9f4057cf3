package dev.gatun.laws.manners;

import java.util.Map;

/// Sums and differences of products of names and numbers, as extents in `gatun.h` are written.
public final class Extent {
  private Extent() {}

  public static long of(String expression, Map<String, Double> sizes) {
    long sum = 0;
    for (var term : expression.replaceAll("\\s", "").replace("-", "+-").split("\\+")) {
      boolean negative = term.startsWith("-");
      long product = negative ? -1 : 1;
      for (var factor : term.substring(negative ? 1 : 0).split("\\*")) {
        product *= factor.matches("\\d+") ? Long.parseLong(factor) : size(factor, sizes);
      }
      sum += product;
    }
    return sum;
  }

  private static long size(String name, Map<String, Double> sizes) {
    var size = sizes.get(name);
    if (size == null) throw new IllegalArgumentException("the sample has no value for " + name);
    return size.longValue();
  }
}
