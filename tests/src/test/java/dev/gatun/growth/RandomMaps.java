package dev.gatun.growth;

import java.util.SplittableRandom;

/// Maps of numbers from -1 to 1 throughout, so that nothing about them is special.
///
/// @param everyLayer whether maps of a kind differ from layer to layer
record RandomMaps(long seed, boolean everyLayer) implements LigoStart {
  @Override
  public double[] width(LigoShape shape, LigoMap map, int which) {
    return draw(map.word() + (everyLayer ? which : 0), shape.shape(map).count());
  }

  @Override
  public double[] depth(LigoShape shape, String name) {
    return draw(name, (long) shape.target().layers() * shape.source().layers());
  }

  private double[] draw(String name, long count) {
    var random = new SplittableRandom(seed * 1_000_003 + name.hashCode());
    return random.doubles(count, -1, 1).toArray();
  }
}
