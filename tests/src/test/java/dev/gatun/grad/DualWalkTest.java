package dev.gatun.grad;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.laws.Devices;
import dev.gatun.memory.Device;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.op.CustomOp;
import dev.gatun.op.Frame;
import dev.gatun.op.Op;
import dev.gatun.op.Outputs;
import dev.gatun.op.Reads;
import dev.gatun.op.Spec;
import dev.gatun.optim.Hutchinson;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What a product costs: over a whole GPT each op that the tape has recorded is asked once for its
/// tangent, and its pullback once for its values and once for its tangent. Nothing runs forwards a
/// second time, as it would for a finite difference, and no pullback runs twice, as it would for a
/// second gradient.
@Tag("backend")
class DualWalkTest {
  @AutoClose private final Device device = Devices.underTest();
  private final Gpt gpt = Gpt.create(GptConfig.of(2, 2, 8, 5, 7), device.scope(), DType.F64, 3);

  /// How often an op in the place of another has been asked for what.
  private static final class Asked {
    private int forwards;
    private int tangents;
    private int gaussNewtons;
  }

  /// Another op, counted.
  private static final class Counted extends CustomOp {
    private final Op op;
    private final Asked asked;
    private final Asked pullbackAsked;

    Counted(Op op, Asked asked, Asked pullbackAsked) {
      this.op = op;
      this.asked = asked;
      this.pullbackAsked = pullbackAsked;
    }

    @Override
    public Outputs shapes(List<Spec> inputs) {
      return op.shapes(inputs);
    }

    @Override
    public void forward(Frame frame) {
      asked.forwards++;
      op.forward(frame);
    }

    @Override
    public void tangent(Frame frame, Frame tangent) {
      asked.tangents++;
      op.tangent(frame, tangent);
    }

    @Override
    public void gaussNewton(Frame frame, Frame tangent) {
      asked.gaussNewtons++;
      op.gaussNewton(frame, tangent);
    }

    @Override
    public Op pullback() {
      return new Counted(op.pullback(), pullbackAsked, null);
    }

    @Override
    public Reads reads() {
      return op.reads();
    }

    @Override
    public boolean mayMissCotangent(int value) {
      return op.mayMissCotangent(value);
    }

    @Override
    public boolean mayMissTangent(int saved) {
      return op.mayMissTangent(saved);
    }

    @Override
    public String name() {
      return op.name();
    }
  }

  /// A tape whose every op is counted once it has run.
  private record Recorded(Tape tape, Tensor loss, List<Counted> ops) implements AutoCloseable {
    static Recorded of(Gpt gpt) {
      var tape = Tape.open(gpt.device());
      var tokens = Tensor.of(tape, Shape.of(2, 5), new int[] {0, 3, 6, 1, 2, 5, 5, 4, 0, 1});
      var targets = Tensor.of(tape, Shape.of(2, 5), new int[] {3, 6, 1, 0, 2, 5, 4, 0, 3, 6});
      var loss = gpt.loss(tokens, targets);
      var ops = new ArrayList<Counted>();
      tape.nodes()
          .replaceAll(
              each -> {
                var node = (OpNode) each;
                var counted = new Counted(node.op(), new Asked(), new Asked());
                ops.add(counted);
                return new OpNode(counted, node.inputs(), node.values(), node.saved());
              });
      return new Recorded(tape, loss, ops);
    }

    void require(int tangents, int pullbacks, int pullbackTangents) {
      require(tangents, pullbacks, pullbacks, pullbackTangents);
    }

    void require(int tangents, int ofEmbedding, int pullbacks, int pullbackTangents) {
      // The embedding and the first norm; four products, attention and two norms a layer; the head.
      assertEquals(1 + 1 + 2 * 7 + 1, ops.size());
      for (var counted : ops) {
        var name = counted.name();
        assertEquals(0, counted.asked.forwards, name + " runs again");
        assertEquals(tangents, counted.asked.tangents, "tangents of " + name);
        int expected = name.equals("embedding") ? ofEmbedding : pullbacks;
        assertEquals(expected, counted.pullbackAsked.forwards, "pullbacks of " + name);
        assertEquals(
            pullbackTangents, counted.pullbackAsked.tangents, "tangents of pullbacks of " + name);
      }
    }

    @Override
    public void close() {
      tape.close();
    }
  }

  /// The counters count: a gradient, and a second one.
  @Test
  void aGradientIsOnePullbackEach() {
    try (var recorded = Recorded.of(gpt)) {
      recorded.tape().backward(recorded.loss());
      recorded.require(0, 1, 0);
      recorded.tape().backward(recorded.loss());
      recorded.require(0, 2, 0);
    }
  }

  @Test
  void gradientAndDiagonalAreOneTangentAndOneDualEach() {
    var hutchinson = new Hutchinson(gpt.parameters(), 7);
    try (var recorded = Recorded.of(gpt)) {
      hutchinson.differentiate(recorded.tape(), recorded.loss());
      recorded.require(1, 1, 1);
    }
  }

  /// The embedding reads parameters alone: where their gradients are not wanted its pullback is not
  /// asked for its values.
  @Test
  void theDiagonalAloneCostsLess() {
    var hutchinson = new Hutchinson(gpt.parameters(), 7);
    try (var recorded = Recorded.of(gpt)) {
      hutchinson.diagonal(recorded.tape(), recorded.loss());
      recorded.require(1, 0, 1, 1);
    }
    try (var recorded = Recorded.of(gpt)) {
      hutchinson.add(recorded.tape(), recorded.loss(), 1);
      recorded.require(1, 0, 1, 1);
    }
  }

  /// The Gauss-Newton matrix needs no tangent of a pullback: the loss's own Hessian comes first,
  /// then pullbacks of the others.
  @Test
  void theGaussNewtonProductIsOneTangentAndOnePullbackEach() {
    var direction = new Hutchinson(gpt.parameters(), 7).direction();
    try (var recorded = Recorded.of(gpt)) {
      GaussNewtonVector.along(direction).of(recorded.tape(), recorded.loss());
      var head = recorded.ops().removeLast();
      assertEquals(1, head.pullbackAsked.gaussNewtons);
      assertEquals(0, head.pullbackAsked.forwards);
      assertTrue(head.asked.tangents <= 1);
      recorded.ops().forEach(op -> assertEquals(1, op.asked.tangents, op.name()));
      recorded.ops().forEach(op -> assertEquals(1, op.pullbackAsked.forwards, op.name()));
      recorded.ops().forEach(op -> assertEquals(0, op.pullbackAsked.tangents, op.name()));
    }
  }
}
