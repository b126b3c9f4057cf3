package dev.gatun.scaling;

/// Requests to the planner as most tests make them.
final class Requests {
  private static final PlanRequest.Models MODELS =
      new PlanRequest.Models(
          50257, 1024, 8, Precision.BF16, OptimizerState.ADAMW, FlopCount.SIX_ND, 3);

  private Requests() {}

  static PlanRequest of(Goal goal, double saving) {
    return new PlanRequest(NamedLaw.EPOCH_2024, goal, new Circumstance.Plain(), saving, MODELS);
  }

  static PlanRequest of(Goal goal, Circumstance circumstance) {
    return new PlanRequest(NamedLaw.EPOCH_2024, goal, circumstance, 1, MODELS);
  }

  static PlanRequest of(Goal goal, FlopCount count) {
    var models =
        new PlanRequest.Models(50257, 1024, 8, Precision.BF16, OptimizerState.ADAMW, count, 3);
    return new PlanRequest(NamedLaw.EPOCH_2024, goal, new Circumstance.Plain(), 1, models);
  }
}
