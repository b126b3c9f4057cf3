package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import java.util.List;

/// How far a model is from the best use of its own compute.
///
/// @param subject who
/// @param actual what was trained, with the loss that the law predicts for it
/// @param optimum the best of the same compute
/// @param needed the cheapest training to the loss predicted for the model
public record Audit(
    String subject, Allocation actual, Allocation optimum, Allocation needed, Verdict verdict) {
  /// What ails a model. Within a factor of 1.5 of the best size nothing does: the loss is flat.
  public enum Verdict {
    UNDERTRAINED,
    NEAR_OPTIMAL,
    OVERTRAINED
  }

  private static final double NEAR = 1.5;

  /// A published model by its number of parameters and training tokens.
  public record Known(String name, double parameters, double tokens, String source) {
    public static final List<Known> ALL =
        List.of(
            new Known("gopher", 280e9, 300e9, "Rae et al. 2021, arXiv 2112.11446"),
            new Known("gpt3", 175e9, 300e9, "Brown et al. 2020, arXiv 2005.14165"),
            new Known("chinchilla", 70e9, 1.4e12, "Hoffmann et al. 2022, arXiv 2203.15556"));
  }

  /// Of a model of `parameters` trained on `tokens`.
  public static Audit of(ParametricLaw law, String subject, double parameters, double tokens) {
    Require.positive("the number of parameters", parameters);
    if (!(tokens > 0)) {
      throw new InvalidArgument("%s has not been trained on any token".formatted(subject));
    }
    var actual = Trained.of(law, parameters, tokens);
    var frontier = new Frontier(law);
    var optimum = frontier.atFlops(actual.flops());
    double size = parameters / optimum.parameters();
    var verdict =
        size > NEAR
            ? Verdict.UNDERTRAINED
            : size < 1 / NEAR ? Verdict.OVERTRAINED : Verdict.NEAR_OPTIMAL;
    return new Audit(subject, actual, optimum, frontier.atLoss(actual.loss()), verdict);
  }

  /// N by the best N of the same compute.
  public double sizeRatio() {
    return actual.parameters() / optimum.parameters();
  }

  /// Nats a token lost against the best use of the same compute.
  public double excessLoss() {
    return actual.loss() - optimum.loss();
  }

  /// The share of the compute that the cheapest way to the same loss would have saved.
  public double wastedShare() {
    return 1 - needed.flops() / actual.flops();
  }
}
