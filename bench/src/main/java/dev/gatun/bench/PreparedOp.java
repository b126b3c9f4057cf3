package dev.gatun.bench;

import dev.gatun.laws.Argument;
import dev.gatun.laws.Bf16;
import dev.gatun.laws.Host;
import dev.gatun.laws.OpRun;
import dev.gatun.laws.OpSample;
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
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/// An op with random arguments, cotangents and tangents on a device, ready to run each of its rules
/// as a tape would: all outputs wanted, gradients overwritten.
final class PreparedOp {
  private final Device device;
  private final Scope memory;
  private final DType type;
  private final DType drawnAs;
  private final Op op;
  private final Op pullback;
  private final SplittableRandom random;
  private final List<Spec> inputs;
  private final List<Spec> pullbackInputs;
  private final List<Tensor> in;
  private final List<Tensor> out;
  private final List<Tensor> tangentsIn;
  private final List<Tensor> tangentsOut;
  private final List<Tensor> reads;
  private final List<Tensor> gradients;
  private final List<Tensor> readTangents;
  private final List<Tensor> gradientTangents;

  PreparedOp(Scope memory, OpSample sample, DType activations) {
    this(memory, sample, activations, activations);
  }

  /// The numbers are those that an op of type `drawnAs` has, and such as fp32 holds for all but
  /// bf16.
  PreparedOp(Scope memory, OpSample sample, DType activations, DType drawnAs) {
    this.memory = memory;
    this.drawnAs = drawnAs;
    type = activations;
    device = memory.device();
    op = sample.op();
    pullback = op.pullback();
    random = sample.random();
    var run = new OpRun(device, sample, activations);
    inputs = sample.specs(activations);
    in = uploaded(inputs, sample.draw(random));
    tangentsIn = tangents(inputs, in);
    var outputs = op.shapes(inputs);
    out = empty(all(outputs));
    tangentsOut = empty(all(outputs));
    for (int i = 0; i < out.size(); i++) if (!run.hasTangent(i)) tangentsOut.set(i, null);
    forward();
    pullbackInputs = run.readSpecs();
    reads = reads(outputs.values());
    gradients = empty(run.gradients());
    readTangents = tangents(pullbackInputs, reads);
    gradientTangents = empty(run.gradients());
  }

  private static List<Spec> all(Outputs outputs) {
    return Stream.of(outputs.values(), outputs.saved(), outputs.kept())
        .flatMap(List::stream)
        .toList();
  }

  private List<Tensor> reads(List<Spec> values) {
    var all = new ArrayList<Tensor>();
    for (int i : op.reads().inputs()) all.add(in.get(i));
    for (int i : op.reads().values()) all.add(out.get(i));
    for (int i : op.reads().saved()) {
      all.add(values.size() + i < out.size() ? out.get(values.size() + i) : null);
    }
    for (var value : values) all.add(drawn(value));
    return all;
  }

  private List<Tensor> tangents(List<Spec> specs, List<Tensor> of) {
    var all = new ArrayList<Tensor>();
    for (int i = 0; i < of.size(); i++) {
      boolean moves = of.get(i) != null && of.get(i).dtype().isFloating();
      all.add(moves ? drawn(specs.get(i)) : of.get(i));
    }
    return all;
  }

  private Tensor drawn(Spec spec) {
    var floats = new Argument.Floats(spec.shape(), false, Argument.Range.ANYWHERE);
    return uploaded(spec, floats.draw(random));
  }

  private List<Tensor> uploaded(List<Spec> specs, double[][] arrays) {
    var tensors = new ArrayList<Tensor>();
    for (int i = 0; i < arrays.length; i++) {
      tensors.add(uploaded(specs.get(i), arrays[i]));
    }
    return tensors;
  }

  private Tensor uploaded(Spec spec, double[] numbers) {
    boolean rounded = drawnAs == DType.BF16 && spec.dtype().isFloating();
    var exact = rounded ? Arrays.stream(numbers).map(Bf16::nearest).toArray() : numbers;
    return Host.upload(memory, spec, exact);
  }

  private List<Tensor> empty(List<Spec> specs) {
    var tensors = new ArrayList<Tensor>();
    for (var spec : specs) tensors.add(Tensor.uninitialized(memory, spec.dtype(), spec.shape()));
    return tensors;
  }

  void run(Rule rule) {
    try (var work = device.scope()) {
      switch (rule) {
        case FORWARD -> op.forward(frame(work, inputs, in, out, 0));
        case PULLBACK -> pullback.forward(frame(work, pullbackInputs, reads, gradients, -1));
        case TANGENT ->
            op.tangent(
                frame(work, inputs, in, out, 0), frame(work, inputs, tangentsIn, tangentsOut, 0));
        case PULLBACK_TANGENT ->
            pullback.tangent(
                frame(work, pullbackInputs, reads, gradients, -1),
                frame(work, pullbackInputs, readTangents, gradientTangents, -1));
      }
    }
  }

  private void forward() {
    run(Rule.FORWARD);
  }

  /// That of its activations.
  DType type() {
    return type;
  }

  void join() {
    device.stream().join();
  }

  /// What a rule has left, its floating-point arrays; what the host knows of the rest is not worth
  /// a comparison.
  List<Tensor> results(Rule rule) {
    return written(rule).stream().filter(each -> each.dtype().isFloating()).toList();
  }

  /// Bytes that a rule has to read and write, each once.
  long bytes(Rule rule) {
    return Traffic.of(this, rule);
  }

  Op op() {
    return op;
  }

  /// What a rule writes.
  List<Tensor> written(Rule rule) {
    var all =
        switch (rule) {
          case FORWARD -> out;
          case PULLBACK -> gradients;
          case TANGENT -> tangentsOut;
          case PULLBACK_TANGENT -> gradientTangents;
        };
    return all.stream().filter(Objects::nonNull).toList();
  }

  /// What a rule could read.
  List<Tensor> readable(Rule rule) {
    var all =
        switch (rule) {
          case FORWARD -> List.of(in);
          case PULLBACK -> List.of(reads);
          case TANGENT -> List.of(in, out, tangentsIn);
          case PULLBACK_TANGENT -> List.of(reads, gradients, readTangents);
        };
    return all.stream().flatMap(List::stream).filter(Objects::nonNull).distinct().toList();
  }

  private static Frame frame(
      Scope work, List<Spec> specs, List<Tensor> in, List<Tensor> out, int fresh) {
    return new Frame(work, specs, addresses(in), addresses(out), fresh);
  }

  private static MemorySegment[] addresses(List<Tensor> tensors) {
    return tensors.stream().map(x -> x == null ? null : x.data()).toArray(MemorySegment[]::new);
  }
}
