package dev.gatun.nn;

import dev.gatun.InvalidArgument;
import dev.gatun.op.HeadLoss;
import dev.gatun.op.Outputs;
import dev.gatun.op.Spec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import java.util.List;

/// The device memory of training a GPT, known before anything is allocated. All in bytes, as
/// asked for of the scopes.
///
/// @param elements of the arena of parameters, padding included
/// @param weights the arenas of weights and of their masters
/// @param gradients the arena of their gradients
/// @param forward what a tape holds once the loss is computed: tokens, values and all that
///     backward reads
/// @param backward what the backward walk adds to the tape
/// @param recomputed the most that it takes beside the tape to compute a segment again
/// @param hessianProduct what a product with the Hessian in place of the gradients adds to it
/// @param hessianWork the most that one op of that product takes beside the tape, for as long as it
///     runs: the direction of its parameters, and scratch; and what is computed again around it,
///     with its tangents
/// @param logits what computing them takes where no tape records, the batch and all values before
///     them included
/// @param labels as many more targets
public record GptMemory(
    long elements,
    long weights,
    long gradients,
    long forward,
    long backward,
    long recomputed,
    long hessianProduct,
    long hessianWork,
    long logits,
    long labels) {
  /// That of batches of `rows` windows of `time` tokens where nothing is computed again.
  public static GptMemory of(GptConfig config, long rows, long time, DType dtype) {
    return of(config, rows, time, dtype, Recompute.NONE);
  }

  /// The same where `recompute` is.
  public static GptMemory of(
      GptConfig config, long rows, long time, DType dtype, Recompute recompute) {
    if (rows < 1 || time < 1 || time > config.context()) {
      throw new InvalidArgument(
          "%d windows of %d tokens: there must be one or more, of 1 to %d tokens"
              .formatted(rows, time, config.context()));
    }
    var parameters = Gpt.declare(config);
    long elements = parameters.elements();
    var walk = new Walk(config, rows, time, dtype, recompute);
    return new GptMemory(
        elements,
        parameters.weightBytes(dtype, Rounding.NEAREST),
        elements * dtype.wide().bytes(),
        walk.forward(),
        walk.backward(),
        walk.recomputed(),
        walk.hessianProduct(),
        walk.hessianWork(),
        walk.inferred(),
        walk.tokens().bytes());
  }

  /// A model's course through the ops that [Gpt#loss] runs, of which only the shapes are asked.
  private record Walk(GptConfig config, long rows, long time, DType dtype, Recompute recompute) {
    private BlockMemory block() {
      return new BlockMemory(config, rows, time, dtype, recompute);
    }

    private Spec stream(long channels) {
      return new Spec(Shape.of(rows, time, channels), dtype);
    }

    private Spec tokens() {
      return new Spec(Shape.of(rows, time), DType.I32);
    }

    private Shape table() {
      return Shape.of(config.paddedVocabulary(), config.width());
    }

    private HeadLoss head() {
      return new HeadLoss(config.vocabulary());
    }

    private long forward() {
      var x = stream(config.width());
      return 2 * tokens().bytes()
          + x.bytes()
          + block().firstNorm()
          + config.layers() * block().kept()
          + BlockMemory.bytes(judged())
          + logits();
    }

    private Outputs judged() {
      return head().shapes(List.of(stream(config.width()), new Spec(table(), dtype), tokens()));
    }

    /// Scratch of the head for logits that are not kept.
    private long logits() {
      return head().scratchBytes(stream(config.width()), table());
    }

    /// Without a tape nothing is kept for a pullback, but the logits are there whole, and twice: a
    /// product over rows alone stands between two changes of shape, which copy.
    private long inferred() {
      var x = stream(config.width());
      return 2 * tokens().bytes()
          + x.bytes()
          + block().firstNorm()
          + config.layers() * block().inferred()
          + x.bytes()
          + 2 * stream(config.paddedVocabulary()).bytes();
    }

    /// The gradients of the stream that are alive at once, those of the two wide layers, which
    /// serve every block in turn; then what each block's pullbacks, but for those of segments, and
    /// the head's take as scratch.
    private long backward() {
      return dtype.wide().bytes() + cotangents() + config.layers() * block().scratch() + logits();
    }

    private long recomputed() {
      return block().segment() + block().scratchInSegment();
    }

    private long cotangents() {
      long c = config.width();
      return 4 * stream(c).bytes() + stream(3 * c).bytes() + stream(config.feedForward()).bytes();
    }

    /// Tangents of all that forward left but for the statistics of the loss; then gradients of the
    /// stream and the tangents of those.
    private long hessianProduct() {
      long unmoved = judged().saved().stream().mapToLong(Spec::bytes).sum();
      long tangents = forward() - 2 * tokens().bytes() - unmoved - logits();
      return tangents + dtype.wide().bytes() + 2 * cotangents();
    }

    /// The head, whose pullback and tangent recompute what was not kept; the embedding; the wide
    /// layer with its activation, which lies in every segment.
    private long hessianWork() {
      long c = config.width();
      long table = table().count() * dtype.bytes();
      long positions = config.context() * c * dtype.bytes();
      long f = config.feedForward();
      long wide = c * f * dtype.bytes() + 3 * stream(f).bytes();
      return Math.max(table + Math.max(3 * logits(), positions), wide + 2 * block().segment());
    }
  }
}
