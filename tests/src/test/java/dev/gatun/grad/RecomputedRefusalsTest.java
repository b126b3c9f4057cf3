package dev.gatun.grad;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ClosedTensor;
import dev.gatun.GatunException;
import dev.gatun.InvalidArgument;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.GradientSlot;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/// Segments that cannot be computed again are refused in a sentence, and leave nothing open.
class RecomputedRefusalsTest {
  private static final Shape SHAPE = Shape.of(2, 2);

  @AutoClose private final Device device = Device.cpu(1);
  private final Scope memory = device.scope();
  private final Tensor data = Tensor.of(memory, SHAPE, 1.0, -2, 3, 0.5);
  private final Tensor w =
      Tensor.over(
          memory,
          Tensor.of(memory, SHAPE, 4.0, 3, 2, 1).data(),
          DType.F64,
          SHAPE,
          new GradientSlot(device, Tensor.zeros(memory, DType.F64, SHAPE).data()));

  private void refused(
      Class<? extends GatunException> kind, String part, UnaryOperator<List<Tensor>> segment) {
    try (var tape = Tape.open(device)) {
      var why =
          assertThrows(
              kind,
              () -> {
                var y = Recomputed.of(segment, data).getFirst();
                tape.backward(y.sum());
              });
      assertTrue(why.getMessage().contains(part), why.getMessage());
      assertEquals(tape, device.innermost(), "nothing stays open");
    }
  }

  @Test
  void resultsOfAClosedScopeAreRefused() {
    refused(
        ClosedTensor.class,
        "recomputed segment: the scope of a tensor of shape (2, 2) is closed",
        in -> {
          try (var _ = device.scope()) {
            return List.of(in.getFirst().matmul(w));
          }
        });
  }

  @Test
  void resultsOfAnotherMakingAreRefused() {
    var part = "result 0, of shape (2, 2), is not the result of an operation in it";
    refused(InvalidArgument.class, part, in -> in);
    refused(InvalidArgument.class, part, in -> List.of(w));
  }

  @Test
  void aScopeLeftOpenIsRefused() {
    try (var tape = Tape.open(device)) {
      var left = new ArrayList<Scope>();
      var why =
          assertThrows(
              InvalidArgument.class,
              () ->
                  Recomputed.of(
                      in -> {
                        var y = in.getFirst().matmul(w);
                        left.add(device.scope());
                        return List.of(y);
                      },
                      data));
      assertTrue(why.getMessage().contains("is still open"), why.getMessage());
      left.getFirst().close();
      assertEquals(tape, device.innermost());
    }
  }

  @Test
  void anotherShapeTheSecondTimeIsRefused() {
    var runs = new int[1];
    refused(
        InvalidArgument.class,
        "result 0 is (1, 2) F64 now and was (2, 2) F64 before",
        in -> List.of(in.getFirst().matmul(w).slice(0, 0, 2 - runs[0]++)));
  }

  @Test
  void anotherNumberOfResultsTheSecondTimeIsRefused() {
    var runs = new int[1];
    refused(
        InvalidArgument.class,
        "it has 2 results now and had 1 before",
        in -> {
          var y = in.getFirst().matmul(w);
          return runs[0]++ == 0 ? List.of(y) : List.of(y, y);
        });
  }

  @Test
  void noInputsAreRefused() {
    var why = assertThrows(InvalidArgument.class, () -> Recomputed.of(_ -> List.of(w)));
    assertTrue(why.getMessage().contains("got none"), why.getMessage());
  }

  @Test
  void anInputThatIsClosedBeforeTheWalkIsNamed() {
    var scope = device.scope();
    var x = Tensor.of(scope, SHAPE, 1.0, 2, 3, 4);
    try (var tape = Tape.open(device)) {
      var y = Recomputed.of(in -> List.of(in.getFirst().matmul(w)), x).getFirst().sum();
      scope.close();
      var why = assertThrows(ClosedTensor.class, () -> tape.backward(y)).getMessage();
      assertTrue(why.startsWith("recomputed segment: "), why);
      assertEquals(tape, device.innermost(), "nothing stays open");
    }
  }
}
