package dev.gatun.growth;

import dev.gatun.InvalidArgument;

/// The numbers that an operator's maps begin with.
public interface LigoStart {
  /// A whole map of width, row by row, one row for each channel or head of the larger network.
  ///
  /// @param which of those of its kind, from 0
  double[] width(LigoShape shape, LigoMap map, int which);

  /// The weights of depth called `name`, row by row, one row for each layer of the larger network.
  double[] depth(LigoShape shape, String name);

  /// As a method of copies makes it, [Stacking] and the other [CopyGrowth]s or [ZeroBlocks], as far
  /// as tied maps can: see [LigoFromCopies].
  ///
  /// @throws InvalidArgument for a growth that is not made of copies
  static LigoStart of(Growth growth) {
    return switch (growth) {
      case CopyGrowth copies -> new LigoFromCopies(copies::copies, false);
      case ZeroBlocks zeros -> new LigoFromCopies(zeros::copies, true);
      default ->
          throw new InvalidArgument(
              "LiGO begins as a method that copies, or at random; %s does neither"
                  .formatted(growth));
    };
  }

  /// As the released code's recipe has it: each new channel an average of all with random weights,
  /// each layer one of the smaller network's with a little of the others.
  static LigoStart random(long seed) {
    return new LigoRandom(seed);
  }

  /// The same with a normal number added to each element, of deviation `noise` divided by the root
  /// of the number of columns: a row's noise has a length near `noise`, where a row that copies has
  /// length 1, or 1/√n of n copies.
  default LigoStart withNoise(double noise, long seed) {
    if (!(noise >= 0 && noise < Double.POSITIVE_INFINITY)) {
      throw new InvalidArgument("noise %s; it must be a finite number, 0 or more".formatted(noise));
    }
    return noise == 0 ? this : new LigoNoise(this, noise, seed);
  }
}
