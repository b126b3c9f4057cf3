package dev.gatun.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.gatun.grad.Tape;
import dev.gatun.laws.Devices;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The loss sum of d x⁴ has the Hessian diag(12 d x²), which a single probe of signs finds.
@Tag("backend")
class DiagonalHessianTest {
  private static final int SIZE = 37;

  @AutoClose private final Device device = Devices.underTest();
  private final Scope memory = device.scope();
  private final double[] x = new SplittableRandom(1).doubles(SIZE, -2, 2).toArray();
  private final double[] d = new SplittableRandom(2).doubles(SIZE, -1, 3).toArray();
  private final Parameters parameters =
      Parameters.declare().matrix("x", SIZE).allocate(memory, DType.F64);

  DiagonalHessianTest() {
    parameters.get("x").copyFrom(MemorySegment.ofArray(x));
  }

  private double[] diagonal(Hutchinson hutchinson) {
    try (var tape = Tape.open(device)) {
      var factors = Tensor.of(tape, Shape.of(SIZE), d);
      var loss = parameters.get("x").square().square().times(factors).sum();
      return hutchinson.diagonal(tape, loss).of(parameters.get("x")).toDoubles();
    }
  }

  @Test
  void oneProbeOfSignsIsExact() {
    var hutchinson = new Hutchinson(parameters, 7);
    var found = diagonal(hutchinson);
    for (int i = 0; i < SIZE; i++) {
      double exact = 12 * d[i] * x[i] * x[i];
      assertEquals(exact, found[i], 8 * Math.ulp(exact), "element " + i);
    }
    assertArrayEquals(found, diagonal(hutchinson), "a sign cancels, whichever it is");
  }

  /// Which depends on u², as an estimate by normal numbers shows.
  @Test
  void aProbeOfNormalsIsNot() {
    var hutchinson = new Hutchinson(parameters, 7, Sophia.Probe.NORMALS);
    assertFalse(Arrays.equals(diagonal(hutchinson), diagonal(hutchinson)));
  }
}
