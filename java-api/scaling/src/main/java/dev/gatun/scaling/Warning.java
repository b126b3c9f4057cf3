package dev.gatun.scaling;

/// A reason to trust a fit less. The numbers are those of the reports of others (Besiroglu et al.
/// 2024, arXiv 2404.10102; Czech et al. 2026, arXiv 2603.22339), rounded to what a user can act on.
public enum Warning {
  /// Fewer than [Runs#COMFORTABLE] runs.
  FEW_POINTS("there are fewer than 10 runs: the intervals say little"),

  /// The largest D / N is below ten times the smallest.
  NARROW_COVERAGE("tokens per parameter span less than a decade: alpha and beta blur into one"),

  /// All runs cost the same, within a tenth.
  ONE_BUDGET("all runs have one FLOP budget: nothing shows how the optimum moves with compute"),

  /// C differs from 6 N D by more than a factor of two.
  FLOPS_DISAGREE("the FLOPs of some runs differ from 6 N D by more than a factor of two"),

  /// A run folder was left out.
  UNFINISHED_RUNS("some run folders were left out: their training has not reached its last step"),

  /// E lies within a hundredth of the least loss, or below a hundredth of it.
  FLOOR_AT_BOUND("E ran into a bound (the least loss, or nought): the runs do not determine it"),

  /// alpha or beta is below 0.05.
  SMALL_EXPONENT("an exponent is below 0.05: its term is a constant as far as these runs show"),

  /// alpha or beta is above 2, the end of the published starts.
  LARGE_EXPONENT("an exponent is above 2: its term shapes the smallest runs only"),

  /// The best start lies on the edge of where starts are sought.
  START_AT_EDGE("the best start lies on the edge of the grid of exponents: the fit is doubtful"),

  /// The compute-optimal N is larger or smaller than any model among the runs.
  OPTIMUM_OUTSIDE("an optimum lies outside the sampled model sizes"),

  /// The sizes of a FLOP budget reach further than half a decade from their middle.
  WIDE_GRID("an IsoFLOP grid is wider than half a decade to a side: its parabola is biased"),

  /// The middle of a budget's sizes lies further than a fifth of a decade from its optimum.
  OFF_CENTRE("an IsoFLOP grid is not centred on its optimum: the parabola drags the exponent"),

  /// Asked for more than a hundred times the compute of the largest run.
  EXTRAPOLATION("the frontier is asked for beyond a hundred times the largest run's FLOPs");

  private final String sentence;

  Warning(String sentence) {
    this.sentence = sentence;
  }

  /// What is the matter, for people.
  public String sentence() {
    return sentence;
  }
}
