package dev.gatun.growth;

import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.tensor.Tensor;

/// A network as [Gpt#create] begins it, with the smaller one in the top left corner of each matrix
/// of its first layers: what other methods are to be compared with. It does not preserve the
/// function.
///
/// @param seed of the rest
public record RandomRest(long seed) implements Growth {
  @Override
  public Gpt grow(Gpt source, GptConfig target, Scope scope) {
    Larger.require(source.config(), target);
    Larger.requireWide(source.parameters().dtype());
    var grown = Gpt.create(target, scope, source.parameters().dtype(), seed);
    for (var name : source.parameters().names()) {
      var place = Place.of(name, target);
      var small = place.matrix(source.parameters().get(name), source.config());
      var large = place.matrix(grown.parameters().get(name), target);
      large.requireUsable("grow", source.device());
      overlay(large, small);
    }
    return grown;
  }

  /// Row by row into the top left corner.
  private static void overlay(Tensor large, Tensor small) {
    var device = small.device();
    long bytes = small.shape().cols() * small.dtype().bytes();
    long stride = large.shape().cols() * large.dtype().bytes();
    for (long row = 0; row < small.shape().rows(); row++) {
      var to = large.scope().at(large.data(), row * stride);
      var from = small.scope().at(small.data(), row * bytes);
      device.kernels().copy(device.stream().handle(), to, from, bytes);
    }
  }

  @Override
  public boolean preservesFunction(GptConfig source, GptConfig target) {
    Larger.require(source, target);
    return false;
  }
}
