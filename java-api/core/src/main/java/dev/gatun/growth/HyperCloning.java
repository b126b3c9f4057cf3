package dev.gatun.growth;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.GptConfig;

/// Width by n copies of everything side by side, matrices divided by n (Samragh et al. 2024, arXiv
/// 2409.12903, HyperCloning; [NoisyCopies] adds its noise). The function is preserved; n is whole.
public record HyperCloning() implements CopyGrowth {
  @Override
  public Copies copies(GptConfig source, GptConfig target) {
    Larger.requireSameDepth("hypercloning", source, target);
    if (target.width() % source.width() != 0) {
      throw new InvalidArgument(
          "hypercloning copies the width a whole number of times; %d is no multiple of %d"
              .formatted(target.width(), source.width()));
    }
    return new Copies(
        CopyMap.tiled(source.width(), target.width()),
        CopyMap.tiled(source.heads(), target.heads()),
        CopyMap.tiled(source.feedForward(), target.feedForward()),
        CopyMap.same(source.layers()));
  }
}
