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
    Larger.requireSameWidth(NAME, source.config(), target);
    var layers = CopyMap.stretched(source.config().layers(), target.layers());
    var grown = Copies.ofLayers(source.config(), layers).of(source, target, scope);
    for (var name : grown.parameters().names()) {
      var place = Place.of(name);
      if (!place.isOutputProjection()) continue;
      int layer = place.layer().orElseThrow();
      boolean isNew = layers.sources().indexOf(layers.sources().get(layer)) < layer;
      if (isNew) zero(grown.parameters().get(name));
    }
    return grown;
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
