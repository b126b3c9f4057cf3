package dev.gatun.scaling;

/// What is given of a training; the rest is asked for.
public sealed interface Goal {
  /// C, to be used best.
  record Flops(double flops) implements Goal {}

  /// N, to be trained as long as it deserves.
  record Parameters(double parameters) implements Goal {}

  /// D, for the model that deserves them.
  record Tokens(double tokens) implements Goal {}

  /// Nats a token, to be reached at the least cost.
  record Loss(double loss) implements Goal {}
}
