package dev.gatun.optim;

import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.tensor.Tensor;

/// An estimator of the diagonal of a language model's curvature, for [Sophia]. An estimate is
/// drawn, added up over as many batches as it is to rest on, and blended into Sophia's
/// running mean. Meanwhile what [#add] has found stands in the place of the parameters'
/// gradients, and blending forgets it.
public interface Curvature extends Diagonal {
  /// Begins an estimate, and forgets all gradients. A number has the same random choices
  /// everywhere. An estimate that begins without it takes the number after the last, the first of
  /// all number 0.
  default void draw(long number) {
    prepare(number);
    begin();
  }

  /// What the host does of [#draw]: it says which random choices. An estimate that was recorded
  /// needs this before each replay.
  void prepare(long number);

  /// What the device does of [#draw]. It can be recorded.
  void begin();

  /// Adds `share` times what the mean loss of one batch says. Targets below 0 are left out. The
  /// estimate is of the mean loss over all targets that count if each batch has the share of them
  /// that it holds: 1/8 and 7/8 of two batches with 1 and 7 that count. Shares add up to 1.
  void add(Gpt gpt, Tensor tokens, Tensor targets, double share);

  /// FLOPs that [#add] takes for a token of a window of `time`, counted as
  /// [GptConfig#flopsPerToken] counts those of training.
  double flopsPerToken(GptConfig config, long time);

  /// Blends the estimate into Sophia's curvature, and forgets it.
  default void refresh(Sophia sophia) {
    sophia.refresh(this);
  }
}
