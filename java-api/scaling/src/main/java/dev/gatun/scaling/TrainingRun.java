package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import java.util.List;

/// A finished training run, as the fits read it.
///
/// @param parameters N, all of them
/// @param tokens D, seen in training, each once
/// @param flops C, of the whole training
/// @param loss at its end, in nats a token
/// @param curve loss over the training so far, by rising FLOPs; empty where it is not known
public record TrainingRun(
    double parameters, double tokens, double flops, double loss, List<Point> curve) {
  /// A point of a training curve.
  ///
  /// @param flops done so far
  /// @param loss in nats a token
  public record Point(double flops, double loss) {
    /// @throws InvalidArgument unless both are positive and finite
    public Point {
      requirePositive("the FLOPs of a curve", flops);
      requirePositive("the loss of a curve", loss);
    }
  }

  /// @throws InvalidArgument unless all numbers are positive and finite and the curve's FLOPs rise
  public TrainingRun {
    requirePositive("N", parameters);
    requirePositive("D", tokens);
    requirePositive("C", flops);
    requirePositive("loss", loss);
    curve = List.copyOf(curve);
    for (int i = 1; i < curve.size(); i++) {
      if (curve.get(i).flops() <= curve.get(i - 1).flops()) {
        throw new InvalidArgument(
            "the FLOPs of a curve must rise: %g follows %g"
                .formatted(curve.get(i).flops(), curve.get(i - 1).flops()));
      }
    }
  }

  /// A run of 6 N D FLOPs whose curve is not known.
  public static TrainingRun of(double parameters, double tokens, double loss) {
    return new TrainingRun(
        parameters, tokens, ParametricLaw.FLOPS * parameters * tokens, loss, List.of());
  }

  /// The same run with its curve.
  public TrainingRun withCurve(List<Point> curve) {
    return new TrainingRun(parameters, tokens, flops, loss, curve);
  }

  /// The curve without most of its noise, as the envelope reads it.
  public List<Point> smoothCurve() {
    return Smoothing.of(curve);
  }

  /// D / N.
  public double tokensPerParameter() {
    return tokens / parameters;
  }

  /// Tokens seen when `flops` of the training were done.
  double tokensAt(double done) {
    return tokens * done / flops;
  }

  static void requirePositive(String name, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new InvalidArgument("%s is %s; it must be a positive number".formatted(name, value));
    }
  }
}
