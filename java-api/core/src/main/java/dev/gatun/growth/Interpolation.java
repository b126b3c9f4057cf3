package dev.gatun.growth;

import dev.gatun.nn.GptConfig;

/// Depth by copies of each layer beside it: layer l of the larger is layer ⌊l L / L'⌋ of the
/// smaller (Chang et al. 2018, arXiv 1710.10348). It does not preserve the function.
public record Interpolation() implements CopyGrowth {
  @Override
  public Copies copies(GptConfig source, GptConfig target) {
    Larger.requireSameWidth("interpolate", source, target);
    return Copies.ofLayers(source, CopyMap.stretched(source.layers(), target.layers()));
  }
}
