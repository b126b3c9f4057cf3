package dev.gatun.growth;

import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;

/// LiGO's operator as it begins, before any training of its maps ([LigoOperator]). It grows width
/// and depth together, as far as its start does.
///
/// @param start of the maps
public record Ligo(LigoForm form, LigoHeads heads, LigoStart start) implements Growth {
  @Override
  public Gpt grow(Gpt source, GptConfig target, Scope scope) {
    var shape = new LigoShape(source.config(), target, form, heads);
    try (var work = source.device().scope()) {
      var operator = LigoOperator.create(source, shape, start, work);
      var grown = Gpt.blank(target, scope, source.parameters().dtype());
      operator.copyTo(grown);
      return grown;
    }
  }

  /// It promises nothing: what maps preserve depends on their numbers, and training changes them.
  @Override
  public boolean preservesFunction(GptConfig source, GptConfig target) {
    var shape = new LigoShape(source, target, form, heads);
    for (var map : LigoMap.values()) start.width(shape, map, 0);
    return false;
  }
}
