package dev.gatun.growth;

import java.util.SplittableRandom;

/// How the released code's published recipe begins (github.com/VITA-Group/LiGO, `rand` width and
/// `stackbert_noisy` depth): a map of width is the unit matrix above rows of numbers from 0 to 1,
/// each row divided by its sum; layer l takes 1 of layer l mod L and numbers from 0 to 0.03 of the
/// others, divided by their sum.
record LigoRandom(long seed) implements LigoStart {
  private static final double MOST_OF_ANOTHER_LAYER = 0.03;

  @Override
  public double[] width(LigoShape shape, LigoMap map, int which) {
    var random = LigoNoise.random(seed, map.word() + which);
    int small = Math.toIntExact(shape.small(map));
    var elements = new double[Math.toIntExact(shape.shape(map).count())];
    for (int i = 0; i < small; i++) elements[i * small + i] = 1;
    for (int i = small * small; i < elements.length; i++) elements[i] = random.nextDouble();
    for (int row = small; row * small < elements.length; row++) average(elements, row, small);
    return elements;
  }

  @Override
  public double[] depth(LigoShape shape, String name) {
    SplittableRandom random = LigoNoise.random(seed, name);
    int small = shape.source().layers();
    var elements = new double[shape.target().layers() * small];
    for (int i = 0; i < elements.length; i++) {
      boolean same = i / small % small == i % small;
      elements[i] = same ? 1 : random.nextDouble(MOST_OF_ANOTHER_LAYER);
    }
    for (int row = 0; row < shape.target().layers(); row++) average(elements, row, small);
    return elements;
  }

  private static void average(double[] elements, int row, int cols) {
    double sum = 0;
    for (int i = row * cols; i < (row + 1) * cols; i++) sum += elements[i];
    for (int i = row * cols; i < (row + 1) * cols; i++) elements[i] /= sum;
  }
}
