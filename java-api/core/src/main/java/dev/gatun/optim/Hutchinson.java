package dev.gatun.optim;

import dev.gatun.InvalidArgument;
import dev.gatun.grad.Gradients;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Parameters;
import dev.gatun.optim.Sophia.Probe;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// Hutchinson's estimate of the Hessian's diagonal: u times (H u), element by element, for a random
/// u of independent entries. Its mean is the diagonal. u is made by the counter generator wherever
/// it is needed and never stored.
///
/// For a loss of one's own: `draw(step); add(tape, loss, 1); refresh(sophia)`. Where a step of
/// training wants the gradient too, [#differentiate] finds both at once. Each estimate has a probe
/// of its own, drawn or not.
public final class Hutchinson implements Curvature {
  /// Bytes that it allocates in the parameters' scope.
  public static final long STATE_BYTES = Draws.BYTES;

  private final Parameters parameters;
  private final Probe probe;
  private final Draws draws;
  private final HessianVector product;
  private Found found = Found.NOTHING;
  private Products products;

  /// What an estimate that is being added up consists of so far.
  private enum Found {
    NOTHING,
    IN_PLACE_OF_GRADIENTS,
    BESIDE_GRADIENTS
  }

  /// Signs: no estimate out of independent entries varies less.
  public Hutchinson(Parameters parameters, long seed) {
    this(parameters, seed, Probe.SIGNS);
  }

  /// With probes of this distribution.
  public Hutchinson(Parameters parameters, long seed, Probe probe) {
    this.parameters = parameters;
    this.probe = probe;
    draws = new Draws(parameters.scope(), seed, 0);
    product = HessianVector.along(direction()).inPlaceOfGradients();
  }

  @Override
  public void prepare(long number) {
    draws.prepare(number);
  }

  @Override
  public void begin() {
    parameters.forgetGradients();
    draws.begin();
    forget();
  }

  private void forget() {
    found = Found.NOTHING;
    if (products != null) products.forget();
  }

  /// Adds `share` times the product of the loss's Hessian with the probe to what stands in the
  /// gradients' place. `share` is 1/n where n micro-steps make one estimate; the first of them
  /// draws the next number, as [Curvature#draw] does, where nothing has been drawn for it.
  public void add(Tape tape, Tensor loss, double share) {
    if (!draws.isOpen()) draw(draws.next());
    find(Found.IN_PLACE_OF_GRADIENTS);
    product.of(tape, loss, share);
  }

  private void find(Found now) {
    if (found != Found.NOTHING && found != now) {
      throw new InvalidArgument(
          "an estimate is added up by add or by differentiate; a new draw begins another");
    }
    found = now;
  }

  /// Gradient and estimate, from one walk forwards and one backwards with duals over what the tape
  /// has recorded. The gradients of parameters are in their slots, as [Tape#backward] leaves them.
  ///
  /// A number drawn before serves one estimate. Where none has been drawn this one takes the number
  /// after the last, and forgets no gradient.
  public GradientAndDiagonal differentiate(Tape tape, Tensor loss) {
    var probed = probe(tape);
    var both = HessianVector.along(probed).both(tape, loss, 1);
    return new GradientAndDiagonal(both.gradient(), estimate(tape, probed, both.product()));
  }

  /// The same for one of several micro-steps: `share` times the gradient is added to what is in
  /// the parameters' slots and not fresh, as [Tape#backward] adds it, and `share` times the product
  /// with the probe, the same for all of them, to memory of this estimator. [#blend] then takes the
  /// estimate from there and leaves the gradients alone: `hutchinson.refresh(sophia);
  /// sophia.step(rate)`.
  ///
  /// The memory, a number of the wide type for each weight, is allocated in the parameters' scope
  /// by the first call.
  public Gradients differentiate(Tape tape, Tensor loss, double share) {
    if (!draws.isOpen()) drawNext();
    find(Found.BESIDE_GRADIENTS);
    if (products == null) products = new Products(parameters);
    var along = HessianVector.along(direction()).into(products.slots());
    return along.both(tape, loss, share).gradient();
  }

  private void drawNext() {
    prepare(draws.next());
    draws.begin();
  }

  /// The estimate alone, by the same choice of number. Gradients of parameters are neither computed
  /// nor touched.
  public DiagonalEstimate diagonal(Tape tape, Tensor loss) {
    var probed = probe(tape);
    var product = HessianVector.along(probed).withoutGradients().of(tape, loss);
    return estimate(tape, probed, product);
  }

  /// What [#differentiate] found.
  public record GradientAndDiagonal(Gradients gradient, DiagonalEstimate diagonal) {}

  /// The probe with a key of its own, which the next [#draw] leaves as it is.
  private RandomDirection probe(Tape tape) {
    if (!draws.isOpen()) drawNext();
    if (found == Found.NOTHING) draws.end();
    var own = tape.longs(2);
    parameters
        .device()
        .kernels()
        .copy(parameters.device().stream().handle(), own, draws.data(), Draws.BYTES);
    return new RandomDirection(parameters, probe, own);
  }

  private DiagonalEstimate estimate(Tape tape, RandomDirection probed, Gradients product) {
    return new DiagonalEstimate(parameters, tape, probed, product);
  }

  @Override
  public void add(Gpt gpt, Tensor tokens, Tensor targets, double share) {
    try (var tape = Tape.open(gpt.device())) {
      add(tape, gpt.loss(tokens, targets), share);
    }
  }

  /// Those of the product.
  @Override
  public double flopsPerToken(GptConfig config, long time) {
    return config.hessianProductFlopsPerToken(time);
  }

  /// u times what stands in the gradients' place, whoever put it there: the estimate is of the
  /// matrix whose product with [#direction] that is. Or u times what micro-steps have left beside
  /// the gradients.
  @Override
  public void blend(MemorySegment mean, double keep) {
    if (found == Found.BESIDE_GRADIENTS) {
      direction().blend(mean, products.settled(), keep);
    } else {
      parameters.settle();
      direction().blend(mean, parameters.gradients(), keep);
      parameters.forgetGradients();
    }
    draws.end();
    forget();
  }

  /// The direction that the probe of the last draw is; that of number 0 before the first.
  public RandomDirection direction() {
    return new RandomDirection(parameters, probe, draws.data());
  }
}
