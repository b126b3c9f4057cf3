package dev.gatun.scaling;

/// The training FLOPs of the runs that a law was fitted to.
public record FlopsRange(double min, double max) {
  /// Decades by which `flops` lies outside; zero inside.
  public double decadesOutside(double flops) {
    if (flops > max) return Math.log10(flops / max);
    return flops < min ? Math.log10(min / flops) : 0;
  }

  /// The geometric middle.
  public double middle() {
    return Math.sqrt(min * max);
  }
}
