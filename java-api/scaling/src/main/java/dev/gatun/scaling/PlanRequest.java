package dev.gatun.scaling;

/// What [Planner#plan] is asked.
///
/// @param law by which
/// @param goal what is given
/// @param circumstance what else weighs
/// @param saving a measured factor by which fewer tokens lead to the same loss than the law says,
///     of
///     a better optimizer or of growth; 1 for none
/// @param models which shapes to look for
public record PlanRequest(
    NamedLaw law, Goal goal, Circumstance circumstance, double saving, Models models) {
  public PlanRequest {
    Require.positive("the saving", saving);
  }

  /// How concrete models are to be made.
  ///
  /// @param vocabulary V
  /// @param context tokens a window
  /// @param rows windows a batch, for the memory of activations
  /// @param precision of the numbers
  /// @param optimizer whose state is kept
  /// @param count how the FLOPs that a token costs are counted
  /// @param most candidates at most
  public record Models(
      int vocabulary,
      int context,
      int rows,
      Precision precision,
      OptimizerState optimizer,
      FlopCount count,
      int most) {
    public Models {
      Require.positive("the vocabulary", vocabulary);
      Require.positive("the context", context);
      Require.positive("the number of windows a batch", rows);
    }
  }
}
