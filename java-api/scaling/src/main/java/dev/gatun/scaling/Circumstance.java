package dev.gatun.scaling;

/// What else weighs on the choice of a training.
public sealed interface Circumstance {
  /// Nothing but the compute of training.
  record Plain() implements Circumstance {}

  /// The model will also serve `tokens`; a FLOP of serving costs `cost` FLOPs of training.
  record Served(double tokens, double cost) implements Circumstance {}

  /// Only `tokens` are different; more of them means seeing some again.
  record Limited(double tokens) implements Circumstance {}
}
