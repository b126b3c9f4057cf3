package dev.gatun.growth;

import java.util.SplittableRandom;

/// Other numbers, with noise. Each map has noise of its own, which its name, its place and the seed
/// decide.
record LigoNoise(LigoStart start, double noise, long seed) implements LigoStart {
  @Override
  public double[] width(LigoShape shape, LigoMap map, int which) {
    return noisy(start.width(shape, map, which), shape.small(map), map.word() + which);
  }

  @Override
  public double[] depth(LigoShape shape, String name) {
    return noisy(start.depth(shape, name), shape.source().layers(), name);
  }

  private double[] noisy(double[] elements, long cols, String name) {
    var random = random(seed, name);
    double deviation = noise / Math.sqrt(cols);
    for (int i = 0; i < elements.length; i++) elements[i] += deviation * random.nextGaussian();
    return elements;
  }

  static SplittableRandom random(long seed, String name) {
    return new SplittableRandom(31 * new SplittableRandom(seed).nextLong() + name.hashCode());
  }
}
