package dev.gatun.op;

import dev.gatun.ShapeMismatch;
import dev.gatun.Unsupported;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// A differentiable operation: shapes and three rules. `permits` is the registry: every op named
/// here is held to the laws on every backend. Ops of one's own extend [CustomOp].
public sealed interface Op
    permits Attention,
        AttentionBlock,
        AttentionBlockPullback,
        AttentionPullback,
        Binary,
        BinaryPullback,
        Concatenate,
        ConcatenatePullback,
        CustomOp,
        Embedding,
        EmbeddingPullback,
        Gather,
        GatherPullback,
        HeadLoss,
        HeadLossPullback,
        LayerMix,
        LayerMixPullback,
        LayerNorm,
        LayerNormPullback,
        Linear,
        LinearPullback,
        MatMul,
        MatMulPullback,
        Mlp,
        MlpPullback,
        Reduce,
        ReducePullback,
        Reshape,
        ReshapePullback,
        ResidualLayerNorm,
        ResidualLayerNormPullback,
        Slice,
        SlicePullback,
        SoftmaxCrossEntropy,
        SoftmaxCrossEntropyPullback,
        SquaredError,
        SquaredErrorPullback,
        Transpose,
        TransposePullback,
        Unary,
        UnaryPullback {

  /// What comes out for such inputs. Throws [dev.gatun.ShapeMismatch], in the caller's words, for
  /// inputs that do not fit.
  Outputs shapes(List<Spec> inputs);

  /// Computes the outputs of a frame from its inputs.
  void forward(Frame frame);

  /// The directional derivative of [#forward] at `frame`, whose outputs are there, along
  /// `tangent`'s inputs, into `tangent`'s outputs. A floating-point input whose tangent is
  /// zero may be `null`; the others are those of `frame`. A pullback's tangent has a mask of
  /// fresh outputs as the pullback has; of what it reads it takes each as independent of the
  /// others.
  default void tangent(Frame frame, Frame tangent) {
    throw new Unsupported(name() + " offers no tangent");
  }

  /// Of the pullback of a convex loss: the loss's own Hessian by what it judges, times `tangent`'s
  /// inputs, carried back to those as their gradients are.
  default void gaussNewton(Frame frame, Frame tangent) {
    throw new Unsupported(name() + " is no pullback of a loss that offers its own curvature");
  }

  /// The transpose of the derivative. It is an op too: from what [#reads] names and the cotangents
  /// of the values to the cotangents of the floating-point inputs, in their order; each is added
  /// into where the frame does not call it fresh.
  default Op pullback() {
    throw new Unsupported(name() + " is itself a pullback: a third derivative is not offered");
  }

  /// What [#pullback] reads.
  default Reads reads() {
    return Reads.of();
  }

  /// Whether the pullback takes `null` for the cotangent of this value and counts it as zero.
  default boolean mayMissCotangent(int value) {
    return false;
  }

  /// Whether the pullback, as a function, does not depend on this saved or kept output, so that
  /// [#tangent] leaves the tangent of it out. Integers have none.
  default boolean mayMissTangent(int saved) {
    return false;
  }

  /// How messages call it.
  default String name() {
    var simple = getClass().getSimpleName();
    return Character.toLowerCase(simple.charAt(0)) + simple.substring(1);
  }

  /// Runs the op; its outputs are allocated in the innermost scope of the inputs' device, which
  /// records it if it is a tape. Returns the values.
  default List<Tensor> apply(Tensor... inputs) {
    return apply(List.of(inputs));
  }

  /// The same for a list.
  default List<Tensor> apply(List<Tensor> inputs) {
    if (inputs.isEmpty()) throw new ShapeMismatch(name() + ": takes tensors, got none");
    var device = inputs.getFirst().device();
    for (var input : inputs) if (!input.isUsableOn(device)) input.requireUsable(name(), device);
    var specs = specs(inputs);
    var outputs = shapes(specs);
    var scope = device.innermost();
    var recorder = scope instanceof Recorder tape && tape.matters(inputs) ? tape : null;
    var values = allocate(scope, outputs.values(), recorder != null);
    var saved = allocate(scope, outputs.saved(), false);
    var kept = recorder == null ? null : allocate(scope, outputs.kept(), false);
    forward(new Frame(scope, specs, addresses(inputs), addresses(outputs, values, saved, kept), 0));
    if (recorder != null) {
      if (!kept.isEmpty()) {
        saved = new ArrayList<>(saved);
        saved.addAll(kept);
      }
      recorder.record(this, inputs, values, saved);
    }
    return values;
  }

  // No stream: it would be a good part of what a small op costs.
  private static List<Spec> specs(List<Tensor> tensors) {
    var specs = new Spec[tensors.size()];
    for (int i = 0; i < specs.length; i++) {
      specs[i] = new Spec(tensors.get(i).shape(), tensors.get(i).dtype());
    }
    return List.of(specs);
  }

  private static List<Tensor> allocate(Scope scope, List<Spec> specs, boolean recorded) {
    if (specs.isEmpty()) return List.of();
    var tensors = new ArrayList<Tensor>(specs.size());
    for (var spec : specs) {
      tensors.add(Tensor.uninitialized(scope, spec.dtype(), spec.shape(), recorded));
    }
    return tensors;
  }

  private static MemorySegment[] addresses(List<Tensor> tensors) {
    var addresses = new MemorySegment[tensors.size()];
    for (int i = 0; i < addresses.length; i++) addresses[i] = tensors.get(i).data();
    return addresses;
  }

  private static MemorySegment[] addresses(
      Outputs outputs, List<Tensor> values, List<Tensor> saved, List<Tensor> kept) {
    var all = new MemorySegment[values.size() + saved.size() + outputs.kept().size()];
    int next = 0;
    for (var value : values) all[next++] = value.data();
    for (var save : saved) all[next++] = save.data();
    if (kept != null) for (var keep : kept) all[next++] = keep.data();
    return all;
  }
}
