package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.GptConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// How large a model, how many tokens.
public final class Planner {
  private static final double DECADES = 2;
  private static final double NEARLY_FREE_EPOCHS = 4;

  private Planner() {}

  /// Throws [InvalidArgument] for what no training can be, and where limited data are asked for
  /// together with anything but a FLOP budget.
  public static Plan plan(PlanRequest request) {
    var law = request.law().saving(request.saving());
    var frontier = new Frontier(law.law());
    var optimum =
        switch (request.goal()) {
          case Goal.Flops goal -> frontier.atFlops(goal.flops());
          case Goal.Parameters goal -> frontier.atParameters(goal.parameters());
          case Goal.Tokens goal -> frontier.atTokens(goal.tokens());
          case Goal.Loss goal -> frontier.atLoss(goal.loss());
        };
    var serving = serving(request, law.law(), optimum);
    var repeats = repeats(request, law.law(), optimum);
    var chosen =
        serving
            .map(ServingPlan::chosen)
            .or(() -> repeats.map(RepeatPlan::allocation))
            .orElse(optimum);
    return new Plan(
        request,
        optimum,
        law.spread().band(law.law(), optimum.flops()),
        chosen,
        serving,
        repeats,
        candidates(request, law.law(), chosen),
        warnings(law, chosen, repeats));
  }

  private static Optional<ServingPlan> serving(
      PlanRequest request, ParametricLaw law, Allocation optimum) {
    return request.circumstance() instanceof Circumstance.Served served
        ? Optional.of(ServingPlan.of(law, optimum, served.tokens(), served.cost()))
        : Optional.empty();
  }

  private static Optional<RepeatPlan> repeats(
      PlanRequest request, ParametricLaw law, Allocation optimum) {
    if (!(request.circumstance() instanceof Circumstance.Limited limited)) return Optional.empty();
    if (!(request.goal() instanceof Goal.Flops)) {
      throw new InvalidArgument("limited data go with a FLOP budget or GPU-hours only");
    }
    return Optional.of(RepeatPlan.of(law, optimum.flops(), limited.tokens()));
  }

  private static List<Candidate> candidates(
      PlanRequest request, ParametricLaw law, Allocation chosen) {
    var models = request.models();
    return Shapes.near(chosen.parameters(), models.vocabulary(), models.context(), models.most())
        .stream()
        .map(config -> candidate(config, request, law, chosen.flops()))
        .toList();
  }

  private static Candidate candidate(
      GptConfig config, PlanRequest request, ParametricLaw law, double flops) {
    var models = request.models();
    long parameters = config.parameterCount();
    double flopsPerToken = models.count().perToken(TransformerShape.of(config));
    double tokens = flops / flopsPerToken;
    return new Candidate(
        config,
        parameters,
        flopsPerToken,
        config.flopsPerToken(config.context()),
        tokens,
        loss(request.circumstance(), law, parameters, tokens),
        MemoryNeed.of(config, models.rows(), models.precision(), models.optimizer()));
  }

  private static double loss(
      Circumstance circumstance, ParametricLaw law, double parameters, double tokens) {
    return circumstance instanceof Circumstance.Limited limited
        ? RepeatPlan.at(law, parameters, tokens, limited.tokens()).allocation().loss()
        : law.loss(parameters, tokens);
  }

  /// The doubts about a law used at `flops`.
  public static List<Caution> extrapolation(NamedLaw law, double flops) {
    if (law.range().isEmpty()) return List.of();
    var range = law.range().get();
    double decades = range.decadesOutside(flops);
    if (decades <= DECADES) return List.of();
    return List.of(
        new Caution(
            "extrapolation",
            "%.3g FLOPs lie %.1f decades outside the runs of %s (%.3g to %.3g FLOPs)"
                .formatted(flops, decades, law.name(), range.min(), range.max())));
  }

  private static List<Caution> warnings(
      NamedLaw law, Allocation chosen, Optional<RepeatPlan> repeats) {
    var warnings = new ArrayList<>(extrapolation(law, chosen.flops()));
    if (repeats.isPresent() && repeats.get().epochs() > NEARLY_FREE_EPOCHS) {
      warnings.add(
          new Caution(
              "repeated-data",
              "%.1f epochs: beyond 4 the worth of tokens seen again falls off"
                  .formatted(repeats.get().epochs())));
    }
    return List.copyOf(warnings);
  }
}
