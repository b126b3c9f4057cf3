package dev.gatun.laws;

import dev.gatun.laws.DenseAttention.Arrays;
import dev.gatun.laws.DenseAttention.Problem;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.op.Attention;
import dev.gatun.op.Frame;
import dev.gatun.op.Spec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/// Attention, its pullback and their tangents on arrays of Java, in scopes of at most `capBytes` (0
/// sets no bound). The second inputs are the bounds where there are documents.
record AttentionRun(Device device, Problem p, DType dtype, long capBytes) {
  Attention op() {
    return new Attention(p.heads(), p.scale(), p.causal(), p.bounds().length > 0);
  }

  Shape qkv() {
    return Shape.of(p.batch(), p.context(), 3L * p.width());
  }

  Shape y() {
    return Shape.of(p.batch(), p.context(), p.width());
  }

  Shape lse() {
    return Shape.of(p.batch(), p.heads(), p.context());
  }

  private Spec spec(Shape activations) {
    return new Spec(activations, dtype);
  }

  private Spec statistics() {
    return new Spec(lse(), dtype.wide());
  }

  private static Tensor put(Scope scope, Spec spec, double[] elements) {
    return elements == null ? null : Host.upload(scope, spec, elements);
  }

  private static MemorySegment address(Tensor tensor) {
    return tensor == null ? null : tensor.data();
  }

  /// The frame of an op over such arrays, `null` where one is; with the bounds, if `bounded`.
  private Frame frame(
      Scope scope, boolean bounded, List<Spec> specs, List<double[]> arrays, Tensor... outputs) {
    var inputs = new ArrayList<>(specs);
    var addresses = new ArrayList<MemorySegment>();
    for (int i = 0; i < specs.size(); i++) {
      addresses.add(address(put(scope, specs.get(i), arrays.get(i))));
    }
    if (p.bounds().length > 0) {
      var bounds = Tensor.of(scope, Shape.of(p.bounds().length), p.bounds());
      inputs.add(1, new Spec(bounds.shape(), bounds.dtype()));
      addresses.add(1, bounded ? bounds.data() : null);
    }
    return new Frame(
        scope,
        inputs,
        addresses.toArray(MemorySegment[]::new),
        Stream.of(outputs).map(AttentionRun::address).toArray(MemorySegment[]::new),
        1);
  }

  private static Tensor empty(Scope scope, Spec spec) {
    return Tensor.uninitialized(scope, spec.dtype(), spec.shape());
  }

  private List<Spec> forwardInputs() {
    return List.of(spec(qkv()));
  }

  private List<Spec> pullbackInputs() {
    return List.of(spec(qkv()), spec(y()), statistics(), spec(y()));
  }

  private static List<double[]> arrays(Arrays x) {
    return java.util.Arrays.asList(x.qkv(), x.y(), x.lse(), x.dy());
  }

  /// y, then lse.
  double[][] forward(double[] qkv) {
    try (var scope = device.scope(capBytes)) {
      var y = empty(scope, spec(y()));
      var lse = empty(scope, statistics());
      op().forward(frame(scope, true, forwardInputs(), List.of(qkv), y, lse));
      return new double[][] {Host.download(y), Host.download(lse)};
    }
  }

  /// ty, then tlse.
  double[][] tangent(Arrays x, double[] tqkv) {
    try (var scope = device.scope(capBytes)) {
      var y = put(scope, spec(y()), x.y());
      var lse = put(scope, statistics(), x.lse());
      var ty = empty(scope, spec(y()));
      var tlse = empty(scope, statistics());
      op().tangent(
              frame(scope, true, forwardInputs(), List.of(x.qkv()), y, lse),
              frame(scope, false, forwardInputs(), java.util.Arrays.asList(tqkv), ty, tlse));
      return new double[][] {Host.download(ty), Host.download(tlse)};
    }
  }

  double[] pullback(Arrays x) {
    try (var scope = device.scope(capBytes)) {
      var dqkv = empty(scope, spec(qkv()));
      op().pullback().forward(frame(scope, true, pullbackInputs(), arrays(x), dqkv));
      return Host.download(dqkv);
    }
  }

  double[] pullbackTangent(Arrays x, Arrays tx) {
    try (var scope = device.scope(capBytes)) {
      var tdqkv = empty(scope, spec(qkv()));
      op().pullback()
          .tangent(
              frame(scope, true, pullbackInputs(), arrays(x)),
              frame(scope, false, pullbackInputs(), arrays(tx), tdqkv));
      return Host.download(tdqkv);
    }
  }

  private static double[] draw(Spec spec, SplittableRandom random) {
    int count = Math.toIntExact(spec.shape().count());
    var drawn = random.doubles(count, -1, 1);
    boolean narrow = spec.dtype() == DType.BF16;
    return drawn.map(x -> narrow ? Bf16.nearest(x) : (float) x).toArray();
  }

  /// Arrays that the type holds, with the y and lse that belong to them.
  Arrays draw(SplittableRandom random) {
    var qkv = draw(spec(qkv()), random);
    var forward = forward(qkv);
    return new Arrays(qkv, forward[0], forward[1], draw(spec(y()), random));
  }

  Arrays direction(SplittableRandom random) {
    return new Arrays(
        draw(spec(qkv()), random),
        draw(spec(y()), random),
        draw(statistics(), random),
        draw(spec(y()), random));
  }
}
