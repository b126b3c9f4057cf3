package dev.gatun.growth;

import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;

/// A way to begin a larger network from a smaller one. Layers, width and the MLPs' width grow; the
/// size of a head, the vocabulary, the context and all else of the configuration stay. The
/// optimizer's state does not grow: it begins anew.
public interface Growth {
  /// A network of shape `target`, in memory of `scope`, of the type and on the device of `source`,
  /// which stays as it is.
  ///
  /// @throws dev.gatun.InvalidArgument if `target` is not larger than the source, differs from it
  ///     in what growth leaves alone, or is beyond this method; nothing is allocated then
  Gpt grow(Gpt source, GptConfig target, Scope scope);

  /// Whether the larger network computes the smaller one's logits, but for rounding.
  /// Throws as [#grow] does.
  boolean preservesFunction(GptConfig source, GptConfig target);
}
