package dev.gatun.growth;

import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.tensor.Tensor;

/// Depth by blocks that add nothing yet: behind each layer stand copies of it whose two output
/// projections, weights and biases, are zero (Wu et al. 2024, arXiv 2401.02415, LLaMA Pro). The
/// function is preserved; the zeros have gradients, and all else has once they have moved.
public record ZeroBlocks() implements Growth {
  private static final String NAME = "zero-block";

  @Override
  public Gpt grow(Gpt source, GptConfig target, Scope scope) {
    var copies = copies(source.config(), target);
    var grown = copies.of(source, target, scope);
    for (var name : grown.parameters().names()) {
      var place = Place.of(name, target);
      if (!place.isOutputProjection()) continue;
      int layer = place.layer().orElseThrow();
      if (isNew(copies.layers(), layer)) zero(grown.parameters().get(name));
    }
    return grown;
  }

  /// What is a copy of what, the output projections apart.
  Copies copies(GptConfig source, GptConfig target) {
    Larger.requireSameWidth(NAME, source, target);
    return Copies.ofLayers(source, CopyMap.stretched(source.layers(), target.layers()));
  }

  /// Whether a layer stands behind another copy of the same.
  static boolean isNew(CopyMap layers, int layer) {
    return layers.sources().indexOf(layers.sources().get(layer)) < layer;
  }

  private static void zero(Tensor parameter) {
    var device = parameter.device();
    device
        .kernels()
        .fill(
            device.stream().handle(),
            parameter.data(),
            parameter.shape().count(),
            0,
            parameter.dtype().code());
  }

  @Override
  public boolean preservesFunction(GptConfig source, GptConfig target) {
    Larger.requireSameWidth(NAME, source, target);
    return true;
  }
}
