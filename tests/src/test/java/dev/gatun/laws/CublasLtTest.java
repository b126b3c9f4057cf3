package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.memory.Device;
import dev.gatun.op.Linear;
import dev.gatun.op.MatMul;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Products through cuBLASLt follow their definition, where a stand-in on the emulator interprets
/// what it is told. The system property `gatun.cublaslt` names it.
@Tag("cublaslt")
class CublasLtTest {
  private static Device device;

  @BeforeAll
  static void open() {
    device = Devices.underTest();
  }

  @AfterAll
  static void close() {
    device.close();
  }

  @Test
  void theDeviceSaysWhichItMultipliesWith() {
    var said = device.described("matrix products");
    assertTrue(said.matches("cuBLASLt 13\\.9\\.99 \\(.*stand_in\\.so\\)"), said);
  }

  @Test
  void anotherCannotBeChosenAnyMore() {
    try (var arena = Arena.ofConfined()) {
      var none = arena.allocateFrom("none");
      assertThrows(InvalidArgument.class, () -> device.kernels().chooseCublaslt(none));
    }
  }

  @TestFactory
  Stream<DynamicTest> productsFollowTheirDefinition() {
    return OpSamples.ALL.stream()
        .filter(sample -> sample.op() instanceof MatMul || sample.op() instanceof Linear)
        .map(sample -> DynamicTest.dynamicTest(sample.name(), () -> check(sample)));
  }

  /// Through the stand-in, and not past it.
  private static void check(OpSample sample) throws Throwable {
    long before = products();
    var run = new OpRun(device, sample, DType.F32);
    run.forward(sample.draw(sample.random()));
    assertEquals(before + 1, products());
    new DefinitionLaw().check(device, sample);
  }

  private static long products() throws Throwable {
    var library =
        SymbolLookup.libraryLookup(Path.of(System.getProperty("gatun.cublaslt")), Arena.global());
    var products =
        Linker.nativeLinker()
            .downcallHandle(
                library.findOrThrow("stand_in_products"),
                FunctionDescriptor.of(ValueLayout.JAVA_LONG));
    return (long) products.invokeExact();
  }
}
