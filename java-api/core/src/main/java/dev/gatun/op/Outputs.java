package dev.gatun.op;

import java.util.List;

/// What an op yields. `values` are its results and have cotangents. `saved` are written beside them
/// for the pullback. `kept` too, but only while a tape records; in inference a frame answers `null`
/// for them.
public record Outputs(List<Spec> values, List<Spec> saved, List<Spec> kept) {
  public static Outputs of(Spec... values) {
    return new Outputs(List.of(values), List.of(), List.of());
  }

  public Outputs saving(Spec... saved) {
    return new Outputs(values, List.of(saved), kept);
  }

  public Outputs keeping(Spec... kept) {
    return new Outputs(values, saved, List.of(kept));
  }
}
