package dev.gatun.laws;

import dev.gatun.memory.Device;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/// Every law for every sample of every op, but for tangents.
@Tag("laws")
@Tag("backend")
class OpLawsTest {
  private static Device device;

  @BeforeAll
  static void open() {
    device = Devices.underTest();
  }

  @AfterAll
  static void close() {
    device.close();
  }

  @TestFactory
  Stream<DynamicTest> pullbackMatchesCentralDifferences() {
    return each("pullbackMatchesCentralDifferences");
  }

  @TestFactory
  Stream<DynamicTest> valuesAndGradientsFollowTheDefinition() {
    return each("valuesAndGradientsFollowTheDefinition");
  }

  @TestFactory
  Stream<DynamicTest> pullbackAccumulatesUnlessFresh() {
    return each("pullbackAccumulatesUnlessFresh");
  }

  @TestFactory
  Stream<DynamicTest> sameBitsTwice() {
    return each("sameBitsTwice");
  }

  @TestFactory
  Stream<DynamicTest> inferenceYieldsTheSameValues() {
    return each("inferenceYieldsTheSameValues");
  }

  @TestFactory
  Stream<DynamicTest> refusesWhatDoesNotFit() {
    return each("refusesWhatDoesNotFit");
  }

  private static Stream<DynamicTest> each(String law) {
    return each(device, law, _ -> true);
  }

  static Stream<DynamicTest> each(Device device, String law, Predicate<OpSample> chosen) {
    var checked = OpLaws.on(device).get(law);
    return OpSamples.ALL.stream()
        .filter(chosen)
        .filter(sample -> Devices.isUnderTest(sample.name()))
        .map(sample -> DynamicTest.dynamicTest(sample.name(), () -> checked.check(device, sample)));
  }
}
