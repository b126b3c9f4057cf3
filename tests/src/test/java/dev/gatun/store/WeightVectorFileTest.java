package dev.gatun.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ShapeMismatch;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.WeightVector;
import dev.gatun.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Vectors over weights come back from their files as they went, and a file is whole or not there.
class WeightVectorFileTest {
  private static final GptConfig CONFIG = GptConfig.of(2, 2, 8, 4, 5).withoutBias();

  @TempDir Path folder;
  @AutoClose private final Device device = Device.cpu(1);
  private final Scope memory = device.scope();

  private static WeightVector random(Gpt gpt) {
    var vector = WeightVector.zeros(gpt);
    var elements = new SplittableRandom(3).doubles(vector.size(), -1, 1).toArray();
    if (gpt.parameters().dtype() == DType.F32) {
      for (int i = 0; i < elements.length; i++) elements[i] = (float) elements[i];
    }
    vector.copyFrom(elements);
    return vector;
  }

  private List<String> names() throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  /// Of a network without biases there are none in the file; of five tokens there are five rows.
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F64"})
  void comesBackAsItWent(DType dtype) throws IOException {
    var gpt = Gpt.create(CONFIG, memory, dtype, 1);
    var vector = random(gpt);
    var file = folder.resolve("v.safetensors");
    WeightVectorFile.write(file, gpt, vector);
    assertEquals(List.of("v.safetensors"), names());
    var back = WeightVectorFile.read(file, gpt);
    assertArrayEquals(vector.toDoubles(), back.toDoubles());
    var rows = back.part("wte.weight").toDoubles();
    assertTrue(rows.length > 5 * 8, "the vocabulary is not padded");
    var padding = Arrays.copyOfRange(rows, 5 * 8, rows.length);
    assertArrayEquals(new double[padding.length], padding);
    try (var stored = Safetensors.open(file)) {
      assertEquals(gpt.parameters().names().size(), stored.tensors().size());
      var table = stored.tensor("transformer.wte.weight");
      assertEquals(StoredTensor.of(table.name(), DeviceTensors.storedType(dtype), 5, 8), table);
    }
  }

  /// The elements follow one another as the parameters were declared, none of them twice.
  @Test
  void onTheHostPartsFollowOneAnother() {
    var gpt = Gpt.create(CONFIG, memory, DType.F64, 1);
    var vector = random(gpt);
    var parts =
        gpt.parameters().names().stream()
            .flatMapToDouble(name -> Arrays.stream(vector.storedPart(name).toDoubles()))
            .toArray();
    assertArrayEquals(parts, vector.toDoubles());
    assertEquals(parts.length, vector.size());
    assertThrows(ShapeMismatch.class, () -> vector.copyFrom(new double[parts.length + 1]));
  }

  @Test
  void whatAKilledWriteLeftIsGoneWithTheNext() throws IOException {
    var gpt = Gpt.create(CONFIG, memory, DType.F32, 1);
    Files.writeString(folder.resolve(".v.safetensors.partial"), "half a fi");
    WeightVectorFile.write(folder.resolve("v.safetensors"), gpt, random(gpt));
    assertEquals(List.of("v.safetensors"), names());
  }

  @Test
  void nothingIsWrittenOverAndNoFolderMade() throws IOException {
    var gpt = Gpt.create(CONFIG, memory, DType.F32, 1);
    var vector = random(gpt);
    var taken = Files.writeString(folder.resolve("taken"), "mine");
    var refusal =
        assertThrows(StoreFailure.class, () -> WeightVectorFile.write(taken, gpt, vector));
    assertTrue(refusal.getMessage().contains("it exists already"), refusal.getMessage());
    assertEquals("mine", Files.readString(taken));
    var nowhere = folder.resolve("nowhere/v.safetensors");
    assertThrows(StoreFailure.class, () -> WeightVectorFile.write(nowhere, gpt, vector));
    assertEquals(List.of("taken"), names());
  }
}
