package dev.gatun.scaling;

/// What a training costs.
///
/// @param gpuHours of all GPUs together
/// @param dollars for them
/// @param kilowattHours of the boards at their power limit and the building around them
/// @param kilogramsCo2 CO2 equivalents of that electricity; those of making the machines are not
///     in
public record Bill(double gpuHours, double dollars, double kilowattHours, double kilogramsCo2) {
  private static final double WATTS_A_KILOWATT = 1000;
  private static final double GRAMS_A_KILOGRAM = 1000;

  /// What is paid and emitted.
  ///
  /// @param dollarsPerHour of one GPU
  /// @param overhead power of the building by that of its machines (PUE)
  /// @param gramsPerKilowattHour CO2 equivalents of a kilowatt-hour
  public record Rates(double dollarsPerHour, double overhead, double gramsPerKilowattHour) {
    /// 2.50 dollars, a round assumption; 1.56, the average of the Uptime Institute's survey of
    /// 2024; 473 g, the world's average of 2024 by Ember's review of 2025.
    public static final Rates DEFAULTS = new Rates(2.5, 1.56, 473);

    public Rates {
      Require.positive("the price of a GPU-hour", dollarsPerHour);
      Require.positive("the overhead of power", overhead);
      Require.positive("the carbon intensity", gramsPerKilowattHour);
    }
  }

  /// Of `hours` on `gpu`.
  public static Bill of(Gpu gpu, double hours, Rates rates) {
    double energy = hours * gpu.watts() / WATTS_A_KILOWATT * rates.overhead();
    return new Bill(
        hours,
        hours * rates.dollarsPerHour(),
        energy,
        energy * rates.gramsPerKilowattHour() / GRAMS_A_KILOGRAM);
  }
}
