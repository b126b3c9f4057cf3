package dev.gatun.growth;

import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;

/// A growth of copies alone.
public interface CopyGrowth extends Growth {
  /// What is a copy of what. Throws as [#grow] does.
  Copies copies(GptConfig source, GptConfig target);

  @Override
  default Gpt grow(Gpt source, GptConfig target, Scope scope) {
    return copies(source.config(), target).of(source, target, scope);
  }

  @Override
  default boolean preservesFunction(GptConfig source, GptConfig target) {
    return copies(source, target).preservesFunction();
  }
}
