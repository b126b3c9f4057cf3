package dev.gatun.growth;

import dev.gatun.nn.GptConfig;
import java.util.ArrayList;
import java.util.Random;

/// bert2BERT's function-preserving initialisation (Chen et al. 2022, arXiv 2110.07143): new
/// channels and whole heads are copies of old ones drawn at random, and the weights of what sums
/// over copies are divided by their number. Depth is then as many copies of the whole as go, and
/// the top layers once more upon them.
///
/// The draw is even: no two differ by more than one copy. So the function is preserved where the
/// width is a multiple of the source's and no layers are added; where it is none, the norms of
/// uneven copies change it.
///
/// @param seed of the draw
public record Bert2Bert(long seed) implements CopyGrowth {
  @Override
  public Copies copies(GptConfig source, GptConfig target) {
    Larger.require(source, target);
    var random = new Random(seed);
    return new Copies(
        CopyMap.drawn(source.width(), target.width(), random),
        CopyMap.drawn(source.heads(), target.heads(), random),
        CopyMap.drawn(source.feedForward(), target.feedForward(), random),
        stacked(source.layers(), target.layers()));
  }

  /// 0 1 2 1 2 for five of three.
  private static CopyMap stacked(int smaller, int larger) {
    int whole = larger / smaller * smaller;
    var sources = new ArrayList<>(CopyMap.tiled(smaller, whole).sources());
    for (int layer = whole; layer < larger; layer++) sources.add(layer - larger + smaller);
    return new CopyMap(smaller, sources);
  }
}
