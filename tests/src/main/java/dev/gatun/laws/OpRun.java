package dev.gatun.laws;

import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.op.Frame;
import dev.gatun.op.Op;
import dev.gatun.op.Outputs;
import dev.gatun.op.Spec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/// Runs an op and its pullback on arrays of Java, as a tape would.
public final class OpRun {
  private final Device device;
  private final Op op;
  private final List<Spec> inputs;
  private final Outputs outputs;

  public OpRun(Device device, OpSample sample, DType activations) {
    this.device = device;
    this.op = sample.op();
    this.inputs = sample.specs(activations);
    this.outputs = op.shapes(inputs);
  }

  /// What a run yielded; `saved` holds the saved and then the kept outputs.
  public record Forward(double[][] values, double[][] saved) {}

  /// Where a pullback writes: what stands in each output before (`null` for one that is not
  /// wanted), and the mask.
  public record Into(double[][] before, int fresh) {}

  public Forward forward(double[][] arguments) {
    return forward(arguments, true);
  }

  /// With `keeping` as under a tape, else as in inference.
  public Forward forward(double[][] arguments, boolean keeping) {
    try (var scope = device.scope()) {
      var values = empty(scope, outputs.values());
      var saved = empty(scope, outputs.saved());
      var kept = empty(scope, outputs.kept());
      var out =
          Stream.of(values, saved, keeping ? kept : nothing(kept.size()))
              .flatMap(List::stream)
              .toList();
      op.forward(
          new Frame(scope, inputs, addresses(upload(scope, inputs, arguments)), addresses(out), 0));
      if (keeping) saved.addAll(kept);
      return new Forward(download(values), download(saved));
    }
  }

  /// What the pullback reads beside cotangents.
  public double[][] reads(double[][] arguments, Forward forward) {
    var reads = new ArrayList<double[]>();
    for (int i : op.reads().inputs()) reads.add(arguments[i]);
    for (int i : op.reads().values()) reads.add(forward.values()[i]);
    for (int i : op.reads().saved()) {
      reads.add(i < forward.saved().length ? forward.saved()[i] : null);
    }
    return reads.toArray(double[][]::new);
  }

  /// The outputs of the pullback; `null` where not wanted. A `null` cotangent is passed on as such.
  public double[][] pull(double[][] reads, double[][] cotangents, Into into) {
    var specs = pullbackInputs();
    var arguments =
        Stream.concat(Arrays.stream(reads), Arrays.stream(cotangents)).toArray(double[][]::new);
    try (var scope = device.scope()) {
      var in = addresses(upload(scope, specs, arguments));
      var out = upload(scope, gradients(), into.before());
      op.pullback().forward(new Frame(scope, specs, in, addresses(out), into.fresh()));
      return download(out);
    }
  }

  /// The tangents of the values, then of the saved and kept outputs that have one, else `null`; a
  /// `null` tangent of an argument is passed on as such.
  public double[][] tangent(double[][] arguments, double[][] tangents) {
    try (var scope = device.scope()) {
      var all = all(outputs);
      var out = addresses(empty(scope, all));
      var in = addresses(upload(scope, inputs, arguments));
      var frame = new Frame(scope, inputs, in, out, 0);
      op.forward(frame);
      var tout = new ArrayList<Tensor>();
      for (int i = 0; i < all.size(); i++) {
        tout.add(hasTangent(i) ? filled(scope, all.get(i), Double.NaN) : null);
      }
      var tin = tangents(scope, inputs, in, tangents);
      op.tangent(frame, new Frame(scope, inputs, tin, addresses(tout), 0));
      return download(tout);
    }
  }

  /// Whether a tangent is asked of this value, saved or kept output.
  public boolean hasTangent(int output) {
    int saved = output - outputs.values().size();
    return all(outputs).get(output).dtype().isFloating()
        && (saved < 0 || !op.mayMissTangent(saved));
  }

  /// What the forward rule yields, in the order of [#tangent].
  public double[][] all(Forward forward) {
    return Stream.concat(Arrays.stream(forward.values()), Arrays.stream(forward.saved()))
        .toArray(double[][]::new);
  }

  /// The tangents of the pullback's outputs, at what it reads and in the direction of that, the
  /// cotangents last.
  public double[][] pullTangent(double[][] reads, double[][] tangents, Into into) {
    var specs = pullbackInputs();
    try (var scope = device.scope()) {
      var in = addresses(upload(scope, specs, reads));
      var pullback = op.pullback();
      var gradients = addresses(empty(scope, gradients()));
      var frame = new Frame(scope, specs, in, gradients, -1);
      pullback.forward(frame);
      var out = upload(scope, gradients(), into.before());
      var tin = tangents(scope, specs, in, tangents);
      pullback.tangent(frame, new Frame(scope, specs, tin, addresses(out), into.fresh()));
      return download(out);
    }
  }

  /// Of floating-point inputs their tangents, of the others themselves.
  private static MemorySegment[] tangents(
      Scope scope, List<Spec> specs, MemorySegment[] in, double[][] tangents) {
    var addresses = addresses(upload(scope, specs, tangents));
    for (int i = 0; i < addresses.length; i++) {
      if (specs.get(i) != null && !specs.get(i).dtype().isFloating()) addresses[i] = in[i];
    }
    return addresses;
  }

  private static Tensor filled(Scope scope, Spec spec, double value) {
    return Tensor.filled(scope, spec.dtype(), spec.shape(), value);
  }

  private static List<Spec> all(Outputs outputs) {
    return Stream.of(outputs.values(), outputs.saved(), outputs.kept())
        .flatMap(List::stream)
        .toList();
  }

  /// The types and shapes of what the pullback reads, the cotangents last.
  public List<Spec> readSpecs() {
    return pullbackInputs();
  }

  /// The whole gradient at `arguments`.
  public double[][] pull(double[][] arguments, double[][] cotangents) {
    return pull(reads(arguments, forward(arguments)), cotangents, overwriting(Double.NaN));
  }

  /// All outputs wanted and fresh over a value.
  public Into overwriting(double before) {
    var filled = new double[gradients().size()][];
    for (int i = 0; i < filled.length; i++) {
      filled[i] = new double[Math.toIntExact(gradients().get(i).shape().count())];
      Arrays.fill(filled[i], before);
    }
    return new Into(filled, -1);
  }

  public double[][] drawCotangents(SplittableRandom random) {
    return draw(outputs.values(), random);
  }

  /// Arrays of the shapes of the pullback's outputs.
  public double[][] drawGradients(SplittableRandom random) {
    return draw(gradients(), random);
  }

  /// What the forward rule yields.
  public List<Spec> values() {
    return outputs.values();
  }

  /// What the pullback yields: a gradient for each floating-point input.
  public List<Spec> gradients() {
    return op.pullback().shapes(pullbackInputs()).values();
  }

  private List<Spec> pullbackInputs() {
    var saved = Stream.concat(outputs.saved().stream(), outputs.kept().stream()).toList();
    var specs = new ArrayList<Spec>();
    for (int i : op.reads().inputs()) specs.add(inputs.get(i));
    for (int i : op.reads().values()) specs.add(outputs.values().get(i));
    for (int i : op.reads().saved()) specs.add(i < saved.size() ? saved.get(i) : null);
    specs.addAll(outputs.values());
    return specs;
  }

  private static double[][] draw(List<Spec> specs, SplittableRandom random) {
    return specs.stream()
        .map(spec -> new Argument.Floats(spec.shape(), false, Argument.Range.ANYWHERE))
        .map(floats -> floats.draw(random))
        .toArray(double[][]::new);
  }

  private static List<Tensor> nothing(int count) {
    return Arrays.asList(new Tensor[count]);
  }

  private static List<Tensor> empty(Scope scope, List<Spec> specs) {
    var tensors = new ArrayList<Tensor>();
    for (var spec : specs) tensors.add(Tensor.uninitialized(scope, spec.dtype(), spec.shape()));
    return tensors;
  }

  private static List<Tensor> upload(Scope scope, List<Spec> specs, double[][] arrays) {
    var tensors = new ArrayList<Tensor>();
    for (int i = 0; i < arrays.length; i++) {
      tensors.add(arrays[i] == null ? null : Host.upload(scope, specs.get(i), arrays[i]));
    }
    return tensors;
  }

  private static double[][] download(List<Tensor> tensors) {
    return tensors.stream()
        .map(tensor -> tensor == null ? null : Host.download(tensor))
        .toArray(double[][]::new);
  }

  private static MemorySegment[] addresses(List<Tensor> tensors) {
    return tensors.stream()
        .map(tensor -> tensor == null ? null : tensor.data())
        .toArray(MemorySegment[]::new);
  }
}
