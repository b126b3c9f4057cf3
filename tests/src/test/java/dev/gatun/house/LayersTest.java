package dev.gatun.house;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// A layer imports only from those before it: ffi, memory, tensor and op, grad, nn, optim, store,
/// growth, train, scaling, interop, tool.
class LayersTest {
  private static final String[] LAYERS = {
    "ffi",
    "memory",
    "tensor and op",
    "grad",
    "nn",
    "optim",
    "store",
    "growth",
    "train",
    "scaling",
    "interop",
    "tool"
  };
  private static final JavaClasses PRODUCT =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("/test-classes/"))
          .importPackages("dev.gatun");

  @Test
  void aLayerKnowsOnlyThoseBeforeIt() {
    layers(LAYERS.length).check(PRODUCT);
  }

  /// The rule can fail: with one access less, the layers as they are break it.
  @Test
  void theRuleSeesABrokenLayer() {
    assertThrows(AssertionError.class, () -> layers(3).check(PRODUCT));
  }

  private static ArchRule layers(int accessible) {
    var rule = layeredArchitecture().consideringOnlyDependenciesInLayers();
    for (var layer : LAYERS) rule = rule.layer(layer).definedBy(packages(layer));
    for (int i = 0; i < LAYERS.length; i++) {
      var later = new ArrayList<String>();
      for (int j = i + 1; j < accessible; j++) later.add(LAYERS[j]);
      var clause = rule.whereLayer(LAYERS[i]);
      rule =
          later.isEmpty()
              ? clause.mayNotBeAccessedByAnyLayer()
              : clause.mayOnlyBeAccessedByLayers(later.toArray(String[]::new));
    }
    return rule;
  }

  private static String[] packages(String layer) {
    return Arrays.stream(layer.split(" and "))
        .map("dev.gatun.%s.."::formatted)
        .toArray(String[]::new);
  }

  @Test
  void onlyTheLinkersPackageLinksLoadsAndReinterprets() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.gatun.ffi.internal")
        .should()
        .dependOnClassesThat()
        .belongToAnyOf(Linker.class, SymbolLookup.class)
        .check(PRODUCT);
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.gatun.ffi.internal")
        .should()
        .callMethod(MemorySegment.class, "reinterpret", long.class)
        .orShould()
        .callMethod(MemorySegment.class, "reinterpret", Arena.class, Consumer.class)
        .orShould()
        .callMethod(MemorySegment.class, "reinterpret", long.class, Arena.class, Consumer.class)
        .orShould()
        .callMethod(System.class, "load", String.class)
        .check(PRODUCT);
  }
}
