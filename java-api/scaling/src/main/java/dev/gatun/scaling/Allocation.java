package dev.gatun.scaling;

/// A training run by its size.
///
/// @param flops C, of the whole training
/// @param parameters N
/// @param tokens D, each seen once
/// @param loss predicted, in nats a token
public record Allocation(double flops, double parameters, double tokens, double loss) {
  /// D / N.
  public double tokensPerParameter() {
    return tokens / parameters;
  }
}
