package dev.gatun.laws;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/// The law of tangents for every sample of every op. It runs an op dozens of times: emulated, the
/// small ones are enough, since each tangent kernel is also compared with the CPU's.
@Tag("laws")
@Tag("backend")
class TangentLawsTest {
  private static final long MOST_EMULATED = 300;

  @TestFactory
  Stream<DynamicTest> tangentsAreDirectionalDerivatives() {
    var device = Devices.underTest();
    return OpLawsTest.each(
            device,
            "tangentsAreDirectionalDerivatives",
            sample -> !Devices.isEmulated() || isSmall(sample))
        .onClose(device::close);
  }

  private static boolean isSmall(OpSample sample) {
    return sample.shapes().stream().allMatch(shape -> shape.count() <= MOST_EMULATED);
  }
}
