package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// How gradients arrive in the slots of parameters.
@Tag("backend")
class ParameterGradientsTest {
  private static final double[] A = {1, -2};
  private static final double[] B = {3, 0.5};

  @AutoClose private final Device device = Devices.underTest();
  private final Parameters parameters =
      Parameters.declare().matrix("a", 2).plain("b", 2).allocate(device.scope(), DType.F64);
  private final Tensor a = parameters.get("a");
  private final Tensor b = parameters.get("b");

  ParameterGradientsTest() {
    a.copyFrom(MemorySegment.ofArray(A));
    b.copyFrom(MemorySegment.ofArray(B));
  }

  private double[] slot(Tensor parameter) {
    var address = parameter.slot().orElseThrow().gradient();
    return Tensor.over(parameters.scope(), address, DType.F64, Shape.of(2), null).toDoubles();
  }

  private void square(Tensor parameter) {
    try (var tape = Tape.open(device)) {
      tape.backward(parameter.square().sum());
    }
  }

  @Test
  void theFirstWalkOverwritesAndTheNextAdds() {
    square(a);
    assertArrayEquals(new double[] {2, -4}, slot(a));
    square(a);
    assertArrayEquals(new double[] {4, -8}, slot(a));
    parameters.forgetGradients();
    square(a);
    assertArrayEquals(new double[] {2, -4}, slot(a));
  }

  @Test
  void aParameterThatIsUsedInManyPlacesSumsThem() {
    try (var tape = Tape.open(device)) {
      var loss = a.times(a).plus(a.times(b)).plus(b).sum();
      var gradients = tape.backward(loss);
      assertArrayEquals(new double[] {5, -3.5}, gradients.of(a).toDoubles());
      assertArrayEquals(new double[] {2, -1}, gradients.of(b).toDoubles());
    }
    assertArrayEquals(new double[] {5, -3.5}, slot(a));
  }

  @Test
  void aParameterThatNoWalkReachedIsZeroOnceSettled() {
    square(a);
    square(b);
    parameters.forgetGradients();
    square(a);
    parameters.settle();
    assertArrayEquals(new double[] {2, -4}, slot(a));
    assertArrayEquals(new double[] {0, 0}, slot(b));
    assertFalse(b.slot().orElseThrow().fresh(), "the next gradient is added");
  }
}
