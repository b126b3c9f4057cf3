package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.GptConfig;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Training runs from which a law of one's own can be fitted: several sizes at each of several
/// budgets. In every budget the sizes lie evenly, in their logarithm, around one whose D / N is
/// the same in all budgets: a grid that is off centre or whose centre drifts biases the
/// exponents.
///
/// @param rungs the cheapest budget first, within it the smallest model
public record Ladder(Request request, List<Rung> rungs) {
  private static final long LEAST_STEPS = 50;
  private static final double BASE_RATE = 3e-3;
  private static final double BASE_PARAMETERS = 8.3e5;
  private static final double MOST_RATE = 1e-2;
  private static final double FARTHEST = 0.18;
  private static final int NEIGHBOURS = 12;

  /// What a ladder is to be.
  ///
  /// @param flops 6 N D of all runs together
  /// @param budgets how many
  /// @param factor from a budget to the next
  /// @param sizes of models a budget
  /// @param halfWidth decades of N from the middle of a budget to its ends
  /// @param tokensPerParameter D / N of the middle
  /// @param vocabulary V
  /// @param context tokens a window
  /// @param batch windows a step
  public record Request(
      double flops,
      int budgets,
      double factor,
      int sizes,
      double halfWidth,
      double tokensPerParameter,
      int vocabulary,
      int context,
      int batch) {
    public Request {
      Require.positive("the budget", flops);
      Require.positive("the number of budgets", budgets);
      Require.positive("the number of sizes", sizes);
      Require.positive("the half-width", halfWidth);
      Require.positive("the tokens a parameter", tokensPerParameter);
      Require.positive("the vocabulary", vocabulary);
      Require.positive("the context", context);
      Require.positive("the batch", batch);
      if (!(factor > 1)) {
        throw new InvalidArgument("budgets grow by %s; it must be above 1".formatted(factor));
      }
      if (sizes < 3) {
        throw new InvalidArgument(
            "%d sizes a budget: a parabola through them takes three".formatted(sizes));
      }
    }

    private long tokensPerStep() {
      return (long) batch * context;
    }
  }

  /// One run.
  ///
  /// @param flops its budget
  /// @param parameters N, as allocated
  /// @param steps over which the rate falls to its end: the schedule is as long as the run
  /// @param tokens D, of all steps
  /// @param rate the highest learning rate
  public record Rung(
      String name,
      GptConfig config,
      double flops,
      long parameters,
      long steps,
      long tokens,
      double rate) {}

  public Ladder {
    rungs = List.copyOf(rungs);
  }

  /// Throws [InvalidArgument] where the budget is too small for such a ladder.
  public static Ladder design(Request request) {
    double share = 0;
    for (int i = 0; i < request.budgets(); i++) share += Math.pow(request.factor(), -i);
    double largest = request.flops() / (share * request.sizes());
    var rungs = new ArrayList<Rung>();
    for (int i = request.budgets() - 1; i >= 0; i--) {
      double flops = largest * Math.pow(request.factor(), -i);
      for (int size = 0; size < request.sizes(); size++) {
        rungs.add(rung(request, rungs.size() + 1, flops, size));
      }
    }
    return new Ladder(request, rungs);
  }

  private static Rung rung(Request request, int number, double flops, int size) {
    double middle = Math.sqrt(flops / (ParametricLaw.FLOPS * request.tokensPerParameter()));
    double place = 2.0 * size / (request.sizes() - 1) - 1;
    var config = config(request, middle * Math.pow(10, place * request.halfWidth()));
    long parameters = config.parameterCount();
    double tokens = flops / (ParametricLaw.FLOPS * parameters);
    long steps = Math.round(tokens / request.tokensPerStep());
    if (steps < LEAST_STEPS) {
      throw new InvalidArgument(
          "%d parameters would train for %d steps of %d tokens; a run needs %d: take a larger"
                  .formatted(parameters, steps, request.tokensPerStep(), LEAST_STEPS)
              + " budget or a smaller batch");
    }
    return new Rung(
        "run-%02d-n%d".formatted(number, parameters),
        config,
        flops,
        parameters,
        steps,
        steps * request.tokensPerStep(),
        rate(parameters));
  }

  /// Of the shapes near a size the most usual: the tokens make up for what the size misses.
  private static GptConfig config(Request request, double parameters) {
    return Shapes.near(parameters, request.vocabulary(), request.context(), NEIGHBOURS).stream()
        .filter(near -> Math.abs(Math.log(near.parameterCount() / parameters)) < FARTHEST)
        .min(Comparator.comparingDouble(Shapes::strangeness))
        .orElseThrow(
            () ->
                new InvalidArgument(
                    "there is no shape near %.0f parameters with a vocabulary of %d"
                        .formatted(parameters, request.vocabulary())));
  }

  /// Falls with the cube root of the size, through the rates of this project's own small models:
  /// 0.003 at 0.83 million parameters, 0.002 at 2.7 million.
  private static double rate(long parameters) {
    double rate = BASE_RATE * Math.cbrt(BASE_PARAMETERS / parameters);
    return Math.min(MOST_RATE, Math.round(rate * 1e5) / 1e5);
  }

  /// 6 N D of all runs as they will be, whole steps counted.
  public double flops() {
    return rungs.stream()
        .mapToDouble(rung -> ParametricLaw.FLOPS * rung.parameters() * rung.tokens())
        .sum();
  }
}
