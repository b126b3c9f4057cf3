package dev.gatun.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Stored types to float and double, against worked values and against the definition of the
/// format.
class ConversionTest {
  private static final int ALL = 1 << 16;

  @TempDir Path folder;

  @Test
  void halvesHaveTheirWorkedValues() throws IOException {
    var worked =
        Map.ofEntries(
            Map.entry(0x3C00, 1.0),
            Map.entry(0xC000, -2.0),
            Map.entry(0x3555, 0.333251953125),
            Map.entry(0x7BFF, 65504.0),
            Map.entry(0x0400, 6.103515625e-5),
            Map.entry(0x0001, 5.9604644775390625e-8),
            Map.entry(0x8001, -5.9604644775390625e-8),
            Map.entry(0x03FF, 6.097555160522461e-5),
            Map.entry(0x0000, 0.0),
            Map.entry(0x8000, -0.0),
            Map.entry(0x7C00, Double.POSITIVE_INFINITY),
            Map.entry(0xFC00, Double.NEGATIVE_INFINITY),
            Map.entry(0x7E00, Double.NaN));
    compareWorked("F16", worked);
  }

  @Test
  void bfloatsHaveTheirWorkedValues() throws IOException {
    var worked =
        Map.ofEntries(
            Map.entry(0x3F80, 1.0),
            Map.entry(0xC049, -3.140625),
            Map.entry(0x3EAB, 0.333984375),
            Map.entry(0x7F7F, 3.3895313892515355e38),
            Map.entry(0x0080, 1.1754943508222875e-38),
            Map.entry(0x0001, 9.183549615799121e-41),
            Map.entry(0x807F, -1.1663108012064884e-38),
            Map.entry(0x0000, 0.0),
            Map.entry(0x8000, -0.0),
            Map.entry(0x7F80, Double.POSITIVE_INFINITY),
            Map.entry(0xFF80, Double.NEGATIVE_INFINITY),
            Map.entry(0x7FC0, Double.NaN));
    compareWorked("BF16", worked);
  }

  @Test
  void everyHalfIsWhatItsBitsSay() throws IOException {
    compareAll("F16", bits -> defined(bits, 5, 10));
  }

  @Test
  void everyBfloatIsWhatItsBitsSay() throws IOException {
    compareAll("BF16", bits -> defined(bits, 8, 7));
  }

  @Test
  void singlesAndDoublesKeepTheirBits() throws IOException {
    var singles = new float[] {0x1p-149f, -0f, 1f / 3, Float.MAX_VALUE, Float.NEGATIVE_INFINITY};
    var data = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);
    data.asFloatBuffer().put(singles);
    try (var read = open("F32", 5, data.array())) {
      for (int i = 0; i < 5; i++) {
        assertEquals(singles[i], read.floats("x")[i]);
        assertEquals((double) singles[i], read.doubles("x")[i]);
      }
    }
    var doubles = new double[] {1.0 / 3, Double.MIN_VALUE, 1e39, 1 + 0x1p-24, 1 + 0x1.8p-23};
    var rounded = new float[] {0x1.555556p-2f, 0f, Float.POSITIVE_INFINITY, 1f, 1 + 0x1p-22f};
    data = ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN);
    data.asDoubleBuffer().put(doubles);
    try (var read = open("F64", 5, data.array())) {
      for (int i = 0; i < 5; i++) {
        assertEquals(doubles[i], read.doubles("x")[i]);
        assertEquals(rounded[i], read.floats("x")[i]);
      }
    }
  }

  @Test
  void aSliceBeginsWhereItIsAsked() throws IOException {
    var data = ByteBuffer.allocate(2 * ALL).order(ByteOrder.LITTLE_ENDIAN);
    for (int bits = 0; bits < ALL; bits++) {
      data.putShort((short) bits);
    }
    try (var read = open("BF16", ALL, data.array())) {
      var two = new float[2];
      read.readFloats("x", 0x3F7F, MemorySegment.ofArray(two));
      assertEquals(0.99609375f, two[0]);
      assertEquals(1f, two[1]);
    }
  }

  private void compareWorked(String type, Map<Integer, Double> worked) throws IOException {
    for (var each : worked.entrySet()) {
      var bits = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN);
      bits.putShort(each.getKey().shortValue());
      try (var read = open(type, 1, bits.array())) {
        var name = type + " " + Integer.toHexString(each.getKey());
        assertEquals(each.getValue(), read.doubles("x")[0], name);
        assertEquals(each.getValue().floatValue(), read.floats("x")[0], name);
      }
    }
  }

  /// 1,114,112 of them, to pass the end of a staging chunk.
  private void compareAll(String type, IntToDoubleFunction definition) throws IOException {
    int rounds = 17;
    var data = ByteBuffer.allocate(rounds * 2 * ALL).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < rounds * ALL; i++) {
      data.putShort((short) i);
    }
    try (var read = open(type, rounds * ALL, data.array())) {
      var doubles = read.doubles("x");
      var floats = read.floats("x");
      for (int i = 0; i < rounds * ALL; i++) {
        double expected = definition.applyAsDouble(i % ALL);
        assertTrue(Double.compare(expected, doubles[i]) == 0, type + " " + i);
        assertTrue(Float.compare((float) expected, floats[i]) == 0, type + " " + i);
      }
    }
  }

  /// The value of a binary format with these many exponent and fraction bits, from its
  /// definition.
  private static double defined(int bits, int exponentBits, int fractionBits) {
    int exponent = bits >> fractionBits & (1 << exponentBits) - 1;
    int fraction = bits & (1 << fractionBits) - 1;
    int bias = (1 << exponentBits - 1) - 1;
    double sign = bits >> 15 == 0 ? 1 : -1;
    if (exponent == (1 << exponentBits) - 1) {
      return fraction == 0 ? sign / 0.0 : Double.NaN;
    }
    double significand = exponent == 0 ? fraction : fraction + (1 << fractionBits);
    return sign * significand * Math.pow(2, Math.max(exponent, 1) - bias - fractionBits);
  }

  private Safetensors open(String type, int elements, byte[] data) throws IOException {
    var header =
        "{\"x\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
            .formatted(type, elements, data.length);
    var file = Files.createTempFile(folder, type, "");
    return Safetensors.open(Files.write(file, SafetensorsBytes.of(header, data)));
  }
}
