package dev.gatun.growth;

import dev.gatun.nn.GptConfig;

/// Depth by the whole network upon itself: layer l of the larger is layer l mod L of the smaller
/// (Gong et al. 2019, StackBERT; Du et al. 2024, arXiv 2405.15319, find it the best of several for
/// language models). It does not preserve the function.
public record Stacking() implements CopyGrowth {
  @Override
  public Copies copies(GptConfig source, GptConfig target) {
    Larger.requireSameWidth("stack", source, target);
    return Copies.ofLayers(source, CopyMap.tiled(source.layers(), target.layers()));
  }
}
