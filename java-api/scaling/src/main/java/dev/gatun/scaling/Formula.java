package dev.gatun.scaling;

import java.util.ArrayList;
import java.util.List;

/// A formula of the planner in words for people.
///
/// @param name what it yields
/// @param text the formula
/// @param source where it stands
public record Formula(String name, String text, String source) {
  private static final String HOFFMANN = "Hoffmann et al. 2022, arXiv 2203.15556";

  /// All that an answer to `request` rests on.
  public static List<Formula> of(PlanRequest request) {
    var law = request.law().law();
    var formulas = new ArrayList<Formula>();
    formulas.add(
        new Formula(
            "loss",
            "L(N, D) = %s + %s / N^%s + %s / D^%s nats a token"
                .formatted(law.e(), law.a(), law.alpha(), law.b(), law.beta()),
            request.law().source()));
    formulas.add(
        new Formula(
            "optimum",
            "N = G (C/6)^a, D = (C/6)^b / G; G = (alpha A / (beta B))^(1/(alpha+beta)) = %.9g, a ="
                    .formatted(law.frontierFactor())
                + " beta/(alpha+beta) = %.6f, b = 1 - a".formatted(law.parameterExponent()),
            HOFFMANN + ", equation 4"));
    formulas.add(goal(request.goal()));
    switch (request.circumstance()) {
      case Circumstance.Plain _ -> {}
      case Circumstance.Served _ ->
          formulas.add(
              new Formula(
                  "serving",
                  "least 6 N D + 2 N S at the optimum's loss, where (alpha A N^-alpha) / (beta B"
                      + " D^-beta) = 1 + S / (3 D)",
                  "Sardana et al. 2023, arXiv 2401.00448"));
      case Circumstance.Limited _ -> formulas.add(repeats());
    }
    if (request.saving() != 1) {
      formulas.add(
          new Formula(
              "saving",
              "L(N, %s D) in place of L(N, D)".formatted(request.saving()),
              "measured, entered by hand: no law predicts it"));
    }
    var count = request.models().count();
    formulas.add(new Formula("FLOPs of a shape", count.formula(), count.source()));
    formulas.add(
        new Formula(
            "parameters of a shape",
            "L (12 d² + 13 d) + (V + T) d + 2 d",
            "GPT-2 as Gatun allocates it, the head tied to the token table"));
    return List.copyOf(formulas);
  }

  private static Formula goal(Goal goal) {
    return switch (goal) {
      case Goal.Flops _ -> new Formula("compute", "C = 6 N D", HOFFMANN + ", section 3.3");
      case Goal.Parameters _ ->
          new Formula(
              "tokens for N", "D = N^(alpha/beta) G^-(1 + alpha/beta)", "equation 4, solved for D");
      case Goal.Tokens _ ->
          new Formula(
              "size for D", "N = D^(beta/alpha) G^(1 + beta/alpha)", "equation 4, solved for N");
      case Goal.Loss _ ->
          new Formula(
              "compute for L",
              "C = 6 ((A G^-alpha + B G^beta) / (L - E))^(1/alpha + 1/beta)",
              "equation 4, put into the loss");
    };
  }

  private static Formula repeats() {
    return new Formula(
        "repeated data",
        "D' = U + U R (1 - exp(-(D/U - 1)/R)), R = %s; N' alike with R = %s about the N that U"
                .formatted(RepeatPlan.TOKEN_DECAY, RepeatPlan.PARAMETER_DECAY)
            + " tokens deserve",
        "Muennighoff et al. 2023, arXiv 2305.16264");
  }

  /// Those that a bill rests on.
  public static List<Formula> ofBill(Gpu gpu, double mfu, Precision precision) {
    return List.of(
        new Formula(
            "GPU-hours",
            "C / (3600 MFU peak) = C / (3600 * %s * %.4g)".formatted(mfu, gpu.peak(precision)),
            "peak of %s in %s: %s".formatted(gpu.word(), precision.word(), gpu.source())),
        new Formula(
            "energy and CO2e",
            "GPU-hours * %.0f W * PUE; times the grams a kilowatt-hour".formatted(gpu.watts()),
            "defaults: PUE 1.56, Uptime Institute 2024; 473 g, Ember 2025; 2.50 dollars assumed"));
  }
}
