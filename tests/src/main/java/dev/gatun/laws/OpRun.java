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
