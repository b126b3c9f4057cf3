package dev.gatun.growth;

import dev.gatun.InvalidArgument;
import dev.gatun.Unsupported;
import dev.gatun.nn.GptConfig;
import dev.gatun.tensor.DType;

/// What a target must be beside its source, checked before anything is allocated.
final class Larger {
  private Larger() {}

  /// What every method asks for.
  static void require(GptConfig source, GptConfig target) {
    var resized = source.withSize(target.layers(), target.heads(), target.width());
    if (!target.equals(resized.withFeedForward(target.feedForward()))) {
      throw new InvalidArgument(
          "growth changes layers, heads and widths; the target differs from the source in more");
    }
    if (target.layers() < source.layers()) {
      throw new InvalidArgument(
          "%d layers are fewer than the model's %d".formatted(target.layers(), source.layers()));
    }
    if (target.width() < source.width()) {
      throw new InvalidArgument(
          "width %d is less than the model's %d".formatted(target.width(), source.width()));
    }
    if (target.feedForward() < source.feedForward()) {
      throw new InvalidArgument(
          "MLPs of width %d are narrower than the model's %d"
              .formatted(target.feedForward(), source.feedForward()));
    }
    if (target.headSize() != source.headSize()) {
      throw new InvalidArgument(
          "%d heads of width %d have %d columns each, the model's have %d; heads are copied whole"
              .formatted(target.heads(), target.width(), target.headSize(), source.headSize()));
    }
    if (target.equals(source)) {
      throw new InvalidArgument(
          "the model has %d layers of width %d already".formatted(source.layers(), source.width()));
    }
  }

  /// Growth reads and writes weights themselves, not masters behind them.
  static void requireWide(DType dtype) {
    if (dtype != dtype.wide()) {
      throw new Unsupported("growth computes in F32 and F64, not in " + dtype);
    }
  }

  /// What maps made for one shape ask of a network.
  static void requireSame(GptConfig config, GptConfig wanted) {
    if (!config.equals(wanted)) {
      throw new InvalidArgument("maps for %s do not fit %s".formatted(wanted, config));
    }
  }

  /// What a method of depth asks for.
  static void requireSameWidth(String method, GptConfig source, GptConfig target) {
    require(source, target);
    if (target.width() != source.width() || target.feedForward() != source.feedForward()) {
      throw new InvalidArgument(
          "%s adds layers only: the width stays %d, the MLPs' %d"
              .formatted(method, source.width(), source.feedForward()));
    }
  }

  /// What a method of width asks for.
  static void requireSameDepth(String method, GptConfig source, GptConfig target) {
    require(source, target);
    if (target.layers() != source.layers()) {
      throw new InvalidArgument(
          "%s adds width only: the layers stay %d".formatted(method, source.layers()));
    }
  }
}
