package dev.gatun.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
  @TempDir Path folder;

  @Test
  void everyTypeAndOddShapeComesBackBitForBit() throws IOException {
    var file = folder.resolve("round.safetensors");
    var shapes = new long[][] {{}, {0}, {1}, {3, 0, 5}, {1, 1, 1, 1}, {7}, {5, 13}, {2, 3, 5, 7}};
    var random = new Random(11);
    var outgoing = new ArrayList<OutgoingTensor>();
    var contents = new ArrayList<byte[]>();
    for (var type : StoredType.values()) {
      for (var shape : shapes) {
        var tensor = StoredTensor.of(type + " \"ü\\" + outgoing.size(), type, shape);
        var bytes = new byte[(int) tensor.bytes()];
        random.nextBytes(bytes);
        contents.add(bytes);
        outgoing.add(OutgoingTensor.of(tensor, MemorySegment.ofArray(bytes)));
      }
    }
    Safetensors.write(file, outgoing, Map.of("format", "pt", "note", "odd"));
    try (var read = Safetensors.open(file)) {
      assertEquals(outgoing.stream().map(OutgoingTensor::tensor).toList(), read.tensors());
      assertEquals(Map.of("format", "pt", "note", "odd"), read.metadata());
      for (int i = 0; i < contents.size(); i++) {
        var back = new byte[contents.get(i).length];
        read.read(outgoing.get(i).tensor().name(), 0, MemorySegment.ofArray(back));
        assertArrayEquals(contents.get(i), back, outgoing.get(i).tensor().toString());
      }
    }
  }

  @Test
  void theBytesWrittenAreThoseMadeByHand() throws IOException {
    var file = folder.resolve("golden.safetensors");
    var a = MemorySegment.ofArray(SafetensorsBytes.hex("0000803f 000000c0"));
    var b = MemorySegment.ofArray(SafetensorsBytes.hex("07"));
    Safetensors.write(
        file,
        List.of(
            OutgoingTensor.of(StoredTensor.of("a", StoredType.F32, 1, 2), a),
            OutgoingTensor.of(StoredTensor.of("b", StoredType.U8), b)));
    var header =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
            + "\"b\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[8,9]}}";
    var padded = header + " ".repeat(7 - (header.length() + 7) % 8);
    assertEquals(0, padded.length() % 8);
    assertArrayEquals(
        SafetensorsBytes.of(padded, SafetensorsBytes.hex("0000803f 000000c0 07")),
        Files.readAllBytes(file));
  }

  @Test
  void theHeaderIsPaddedToEightBytesAtEveryLength() throws IOException {
    for (int length = 1; length <= 9; length++) {
      var file = folder.resolve("pad" + length);
      var tensor = StoredTensor.of("x".repeat(length), StoredType.F64, 1);
      Safetensors.write(
          file, List.of(OutgoingTensor.of(tensor, MemorySegment.ofArray(new byte[8]))));
      var bytes = Files.readAllBytes(file);
      assertEquals(0, bytes[0] % 8, "header length");
      assertEquals(8 + (bytes[0] & 255) + 8, bytes.length);
      Safetensors.open(file).close();
    }
  }

  /// The header and data that Hugging Face's safetensors 0.8.0 wrote for these four tensors.
  @Test
  void aFileWrittenByHuggingFaceIsRead() throws IOException {
    var header =
        "{\"__metadata__\":{\"format\":\"pt\"},\"s\":{\"dtype\":\"I64\",\"shape\":[],"
            + "\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],"
            + "\"data_offsets\":[8,24]},\"b\":{\"dtype\":\"BF16\",\"shape\":[2],"
            + "\"data_offsets\":[24,28]},\"e\":{\"dtype\":\"F16\",\"shape\":[0,3],"
            + "\"data_offsets\":[28,28]}}   ";
    assertEquals(256, header.length());
    var data =
        SafetensorsBytes.hex("0700000000000000 0000803f 00000040 00004040 000000bf 803f 49c0");
    var file = Files.write(folder.resolve("hf"), SafetensorsBytes.of(header, data));
    try (var read = Safetensors.open(file)) {
      assertArrayEquals(new float[] {1, 2, 3, -0.5f}, read.floats("a"));
      assertArrayEquals(new double[] {1, 2, 3, -0.5}, read.doubles("a"));
      assertArrayEquals(new float[] {1, -3.140625f}, read.floats("b"));
      assertEquals(0, read.floats("e").length);
      var seven = new long[1];
      read.read("s", 0, MemorySegment.ofArray(seven));
      assertEquals(7, seven[0]);
      assertEquals(List.of(2L, 2L), read.tensor("a").shape());
      assertTrue(read.has("s"));
      assertFalse(read.has("t"));
    }
  }

  @Test
  void theOrderOfTheHeaderNeedNotBeThatOfTheData() throws IOException {
    var header =
        "{\"late\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]},"
            + "\"empty\":{\"shape\":[0],\"data_offsets\":[1,1],\"dtype\":\"F64\"},"
            + "\"early\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}";
    var bytes = SafetensorsBytes.of(header, new byte[] {5, 6, 7});
    try (var read = Safetensors.open(Files.write(folder.resolve("order"), bytes))) {
      var names = read.tensors().stream().map(StoredTensor::name).toList();
      assertEquals(List.of("early", "empty", "late"), names);
      var late = new byte[2];
      read.read("late", 0, MemorySegment.ofArray(late));
      assertArrayEquals(new byte[] {6, 7}, late);
    }
  }

  @Test
  void noTensorsAtAllIsAFile() throws IOException {
    try (var read = Safetensors.open(Files.write(folder.resolve("0"), SafetensorsBytes.of("{}")))) {
      assertTrue(read.tensors().isEmpty());
      assertTrue(read.metadata().isEmpty());
    }
    Safetensors.write(folder.resolve("1"), List.of(), Map.of());
    assertArrayEquals(SafetensorsBytes.of("{}      "), Files.readAllBytes(folder.resolve("1")));
  }

  @Test
  void aTensorLargerThanAChunkIsAskedForInOrderAndReadFromAnywhere() {
    long elements = (SafetensorsWriter.CHUNK_BYTES * 2 + 12) / 4;
    var tensor = StoredTensor.of("large", StoredType.F32, elements);
    var asked = new ArrayList<Long>();
    var file = folder.resolve("large");
    Safetensors.write(file, List.of(new OutgoingTensor(tensor, counting(asked))));
    assertEquals(
        List.of(0L, SafetensorsWriter.CHUNK_BYTES, SafetensorsWriter.CHUNK_BYTES * 2), asked);
    try (var read = Safetensors.open(file);
        var arena = Arena.ofConfined()) {
      for (long first : new long[] {0, 1, elements / 2 - 3, elements - 5}) {
        long count = Math.min(elements - first, elements / 2 + 1);
        var into = arena.allocate(count * 8, 8);
        read.readDoubles("large", first, into);
        for (long i = 0; i < count; i += Math.max(1, count / 997)) {
          assertEquals((float) (first + i), into.getAtIndex(ValueLayout.JAVA_DOUBLE, i));
        }
        assertEquals(
            (float) (first + count - 1), into.getAtIndex(ValueLayout.JAVA_DOUBLE, count - 1));
      }
      var onHeap = read.floats("large");
      for (int i = 0; i < elements; i += 997) {
        assertEquals((float) i, onHeap[i]);
      }
      var raw = arena.allocate(elements * 4 - 4, 4);
      read.read("large", 4, raw);
      assertEquals(1f, raw.getAtIndex(ValueLayout.JAVA_FLOAT, 0));
      assertEquals((float) (elements - 1), raw.getAtIndex(ValueLayout.JAVA_FLOAT, elements - 2));
    }
  }

  @Test
  void readingBeyondATensorIsRefusedThoughTheFileGoesOn() {
    var file = folder.resolve("two");
    var four = MemorySegment.ofArray(new byte[16]);
    Safetensors.write(
        file,
        List.of(
            OutgoingTensor.of(StoredTensor.of("a", StoredType.F32, 4), four),
            OutgoingTensor.of(StoredTensor.of("b", StoredType.F32, 4), four)));
    try (var read = Safetensors.open(file)) {
      var into = MemorySegment.ofArray(new float[2]);
      assertThrows(IndexOutOfBoundsException.class, () -> read.read("a", 12, into));
      assertThrows(IndexOutOfBoundsException.class, () -> read.read("a", -4, into));
      assertThrows(IndexOutOfBoundsException.class, () -> read.readFloats("a", 3, into));
      assertThrows(IndexOutOfBoundsException.class, () -> read.readDoubles("a", 4, into));
      var odd = MemorySegment.ofArray(new byte[7]);
      assertThrows(InvalidArgument.class, () -> read.readFloats("a", 0, odd));
    }
  }

  @Test
  void aMissingTensorAndAnIntegerReadAsFloatsAreNamed() {
    var file = folder.resolve("ids");
    var ids = MemorySegment.ofArray(new byte[16]);
    Safetensors.write(
        file, List.of(OutgoingTensor.of(StoredTensor.of("ids", StoredType.I64, 2), ids)));
    try (var read = Safetensors.open(file)) {
      assertEquals(
          file + ": has no tensor \"wte\"",
          assertThrows(BadFile.class, () -> read.floats("wte")).getMessage());
      assertEquals(
          file + ": tensor \"ids\" is I64, which is not a floating type",
          assertThrows(BadFile.class, () -> read.doubles("ids")).getMessage());
    }
  }

  @Test
  void aFileThatShrinksWhileOpenEndsEarlyInASentence() throws IOException {
    var file = folder.resolve("shrinks");
    var data = MemorySegment.ofArray(new byte[64]);
    Safetensors.write(
        file, List.of(OutgoingTensor.of(StoredTensor.of("a", StoredType.F32, 16), data)));
    try (var read = Safetensors.open(file)) {
      Files.write(file, SafetensorsBytes.firstOf(Files.readAllBytes(file), 40));
      var failure = assertThrows(BadFile.class, () -> read.floats("a"));
      assertTrue(failure.getMessage().contains("ends early"), failure.getMessage());
    }
  }

  @Test
  void twoTensorsOfOneNameAreNotWritten() {
    var one = OutgoingTensor.of(StoredTensor.of("a", StoredType.U8), heap(1));
    var file = folder.resolve("twice");
    assertThrows(InvalidArgument.class, () -> Safetensors.write(file, List.of(one, one)));
    var reserved = OutgoingTensor.of(StoredTensor.of("__metadata__", StoredType.U8), heap(1));
    assertThrows(InvalidArgument.class, () -> Safetensors.write(file, List.of(reserved)));
    assertFalse(Files.exists(file));
  }

  @Test
  void nothingIsWrittenOver() throws IOException {
    var file = Files.writeString(folder.resolve("mine"), "precious");
    var failure = assertThrows(StoreFailure.class, () -> Safetensors.write(file, List.of()));
    assertTrue(failure.getMessage().contains("nothing is written over"), failure.getMessage());
    assertEquals("precious", Files.readString(file));
  }

  @Test
  void aFailingSourceLeavesNoFile() {
    var file = folder.resolve("half");
    var good = OutgoingTensor.of(StoredTensor.of("a", StoredType.U8, 9), heap(9));
    var bad =
        new OutgoingTensor(
            StoredTensor.of("b", StoredType.U8, 9),
            (offset, into) -> {
              throw new IllegalStateException("device lost");
            });
    assertThrows(IllegalStateException.class, () -> Safetensors.write(file, List.of(good, bad)));
    assertFalse(Files.exists(file));
  }

  private static MemorySegment heap(int bytes) {
    return MemorySegment.ofArray(new byte[bytes]);
  }

  /// Element i is i; each offset asked for is noted.
  private static OutgoingTensor.Source counting(List<Long> asked) {
    return (offset, into) -> {
      asked.add(offset);
      for (long i = 0; i < into.byteSize() / 4; i++) {
        into.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (offset / 4 + i));
      }
    };
  }
}
