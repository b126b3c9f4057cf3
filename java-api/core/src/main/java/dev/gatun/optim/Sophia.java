package dev.gatun.optim;

import dev.gatun.InvalidArgument;
import dev.gatun.ffi.Kernels;
import dev.gatun.memory.Feed;
import dev.gatun.nn.ParameterPart;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;

/// Sophia (Liu and others 2023, arXiv 2305.14342), with clipping by the global norm; one
/// kernel over each part of the parameters:
///
/// g = gradient * min(1, maxNorm / (norm + 1e-6)); m = beta1 m + (1 - beta1) g; u = m /
/// max(gamma h, eps), cut to between -1 and 1; w = w - rate (u + weightDecay w), decay for
/// decaying parameters only.
///
/// h is a running mean of estimates of the Hessian's diagonal. Whoever trains refreshes it
/// every so many steps, ten in the paper, before the step that is to see it or behind one:
/// [#refresh] with an estimate, [#refreshHutchinson] out of a Hessian-vector product,
/// [#refreshBartlett] out of gradients at sampled labels. While h is 0 every weight moves by the
/// rate, along the sign of its m.
///
/// Its two arenas of state live beside the parameters, in their scope.
public final class Sophia extends ArenaOptimizer {
  private final Config config;
  private final MemorySegment unclipped;
  private final Feed refreshCounter;
  private long refreshes;

  /// What m is divided by.
  public enum Form {
    /// max(gamma h, eps), as in the paper.
    FLOORED(Kernels.SOPHIA_FLOORED),
    /// gamma h + eps, as in its authors' code, whose numbers [Config#official] gives.
    ADDED(Kernels.SOPHIA_ADDED);

    private final int code;

    Form(int code) {
      this.code = code;
    }
  }

  /// The distribution of Hutchinson's probes.
  public enum Probe {
    /// +1 or -1: no estimate of a diagonal from independent entries varies less.
    SIGNS(Kernels.SIGNS),
    /// Standard normals, as in the paper.
    NORMALS(Kernels.NORMALS);

    final int code;

    Probe(int code) {
      this.code = code;
    }
  }

  /// Hyper-parameters. A greater gamma clips fewer coordinates; the paper's authors advise an
  /// unclipped share between 0.1 and 0.5. `correctMean` divides m by 1 - beta1^steps,
  /// `correctCurvature` h by 1 - beta2^refreshes; the paper does neither. `maxNorm` of
  /// infinity does not clip gradients.
  public record Config(
      double beta1,
      double beta2,
      double gamma,
      double eps,
      double weightDecay,
      double maxNorm,
      Form form,
      boolean correctMean,
      boolean correctCurvature) {
    /// The paper's for Hutchinson's estimate: 0.96, 0.99, gamma 0.01, eps 1e-12, clipped at
    /// 1; decay 0.2, twice AdamW's.
    public static final Config HUTCHINSON =
        new Config(0.96, 0.99, 0.01, 1e-12, 0.2, 1, Form.FLOORED, false, false);

    /// The paper's for the Gauss-Newton-Bartlett estimate: the same with gamma 0.05.
    public static final Config BARTLETT = HUTCHINSON.withGamma(0.05);

    /// As its authors' code does it (github.com/Liuhong99/Sophia), for the Gauss-Newton-Bartlett
    /// estimate: m / (rho bs h + 1e-15), where h is a mean of plain g² and `bs`, the labels of a
    /// training step, stands in the step. Here h is the mean of B g², with B the labels that the
    /// estimate counts, so gamma is rho bs / B: rho itself where a refresh draws as many labels as
    /// `bs` says, and never rho bs, which would count them twice. The other numbers are those of
    /// its GPT-2 runs: 0.965, 0.99, decay 0.2, clipped at 1.
    ///
    /// That code also refreshes behind a step and not before it, which is the choice of who trains,
    /// and clips the gradient at sampled labels to norm 1, which is left out here.
    ///
    /// @param rho its rho
    /// @param bs its bs: the batch size times the context
    /// @param labels B, the labels that count in an estimate, the same at every refresh
    public static Config official(double rho, double bs, double labels) {
      within("rho", rho, rho > 0 && rho < Double.POSITIVE_INFINITY, "above 0 and finite");
      within("bs", bs, bs > 0 && bs < Double.POSITIVE_INFINITY, "above 0 and finite");
      within("labels", labels, labels >= 1 && labels < Double.POSITIVE_INFINITY, "1 or more");
      return new Config(0.965, 0.99, rho * bs / labels, 1e-15, 0.2, 1, Form.ADDED, false, false);
    }

    public Config {
      within("beta1", beta1, beta1 >= 0 && beta1 < 1, "from 0 to below 1");
      within("beta2", beta2, beta2 >= 0 && beta2 < 1, "from 0 to below 1");
      within("gamma", gamma, gamma > 0 && gamma < Double.POSITIVE_INFINITY, "above 0 and finite");
      within(
          "eps",
          eps,
          (float) eps > 0 && eps < Double.POSITIVE_INFINITY,
          "above 0 in 32 bits, and finite");
      within("weight decay", weightDecay, weightDecay >= 0, "0 or more");
      within("the largest norm", maxNorm, maxNorm > 0, "above 0");
    }

    private static void within(String name, double value, boolean holds, String range) {
      ArenaOptimizer.within("Sophia", name, value, holds, range);
    }

    public Config withBetas(double first, double second) {
      return new Config(
          first, second, gamma, eps, weightDecay, maxNorm, form, correctMean, correctCurvature);
    }

    public Config withGamma(double factor) {
      return new Config(
          beta1, beta2, factor, eps, weightDecay, maxNorm, form, correctMean, correctCurvature);
    }

    public Config withWeightDecay(double decay) {
      return new Config(
          beta1, beta2, gamma, eps, decay, maxNorm, form, correctMean, correctCurvature);
    }

    public Config withMaxNorm(double norm) {
      return new Config(
          beta1, beta2, gamma, eps, weightDecay, norm, form, correctMean, correctCurvature);
    }

    public Config withForm(Form other, double smallest) {
      return new Config(
          beta1,
          beta2,
          gamma,
          smallest,
          weightDecay,
          maxNorm,
          other,
          correctMean,
          correctCurvature);
    }

    public Config withCorrections(boolean ofMean, boolean ofCurvature) {
      return new Config(beta1, beta2, gamma, eps, weightDecay, maxNorm, form, ofMean, ofCurvature);
    }
  }

  public Sophia(Parameters parameters, Config config) {
    super(parameters, config.maxNorm(), "m", "h");
    this.config = config;
    unclipped = scope().longs(parameters.parts().size());
    refreshCounter = new Feed(scope(), Long.BYTES);
  }

  /// Bytes of state that it allocates beside parameters of `elements`.
  public static long stateBytes(long elements, DType dtype) {
    int parts = dtype == dtype.wide() ? 1 : 2;
    return stateBytes(2, elements, dtype) + (1 + parts) * Long.BYTES;
  }

  /// Blends an estimate into h.
  public void refresh(Diagonal estimate) {
    prepareRefresh();
    applyRefresh(estimate);
  }

  /// What the host does of a refresh: it counts it. One that was recorded needs this before each
  /// replay.
  public void prepareRefresh() {
    refreshes++;
    refreshCounter.image().set(ValueLayout.JAVA_LONG, 0, refreshes);
  }

  /// What the device does of a refresh. It can be recorded.
  public void applyRefresh(Diagonal estimate) {
    estimate.blend(state("h"), config.beta2());
    refreshCounter.send();
  }

  /// Blends Hutchinson's estimate u * product into h. `product` is the Hessian times u, laid
  /// out as the parameters' arena and 0 between parameters, in its wide type. Element i of u
  /// is number i of the sequence that `key` names on the device (seed, then sequence), as the
  /// kernels of random numbers write it in the parameters' type.
  public void refreshHutchinson(MemorySegment product, MemorySegment key, Probe probe) {
    var direction = new RandomDirection(parameters(), probe, key);
    refresh((mean, keep) -> direction.blend(mean, product, keep));
  }

  /// Blends the Gauss-Newton-Bartlett estimate into h, out of the gradients in the parameters'
  /// slots, which are then forgotten: those of the mean loss over labels that were sampled from the
  /// model's own distribution. `counted`, on the device, says how many labels counted.
  public void refreshBartlett(MemorySegment counted) {
    refresh((mean, keep) -> GaussNewtonBartlett.blend(parameters(), mean, counted, keep));
  }

  /// How often h has been refreshed.
  public long refreshes() {
    return refreshes;
  }

  @Override
  void launch(ParameterPart part) {
    kernels()
        .sophiaStep(
            stream(),
            part.weights(),
            part.master(),
            state("m", part),
            unclipped(part),
            state("h", part),
            gradients(part),
            rate(),
            step(),
            config.correctCurvature() ? refreshCounter.data() : null,
            norm(),
            key(part),
            part.first(),
            part.count(),
            part.decayed(),
            config.beta1(),
            config.beta2(),
            config.gamma(),
            config.eps(),
            config.weightDecay(),
            config.maxNorm(),
            config.form().code,
            config.correctMean() ? 1 : 0,
            part.dtype().code());
  }

  /// Where the kernel counts what it does not clip of this part.
  private MemorySegment unclipped(ParameterPart part) {
    return scope().at(unclipped, (long) parameters().parts().indexOf(part) * Long.BYTES);
  }

  /// The part of the weights that the last step did not clip; padding is no weight. Waits.
  public double unclippedShare() {
    if (steps() == 0) throw new InvalidArgument("Sophia has clipped nothing before its first step");
    int parts = parameters().parts().size();
    try (var host = Arena.ofConfined()) {
      var counts = host.allocate(ValueLayout.JAVA_LONG, parts);
      scope().copyToHost(counts, unclipped);
      // Where there is padding m and h are 0: the kernel counts these elements as unclipped.
      long weights = parameters().weights();
      long count = weights - parameters().count();
      for (int i = 0; i < parts; i++) count += counts.getAtIndex(ValueLayout.JAVA_LONG, i);
      return (double) count / weights;
    }
  }

  @Override
  public Map<String, Long> counters() {
    return Map.of("refreshes", refreshes);
  }

  @Override
  public void resume(long done, Map<String, Long> counters) {
    super.resume(done, counters);
    refreshes = counters.get("refreshes");
    refreshCounter.image().set(ValueLayout.JAVA_LONG, 0, refreshes);
    refreshCounter.send();
  }
}
