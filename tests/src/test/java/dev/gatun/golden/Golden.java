package dev.gatun.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.gatun.memory.Scope;
import dev.gatun.store.Safetensors;
import dev.gatun.store.StoredType;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// The golden files, and the rule by which a result is held to them: its norm-relative error
/// against PyTorch's fp64 is at most k times that of PyTorch's own fp32 (k = 2 forward, 3 for
/// gradients), or 1e-12 in fp64.
record Golden(Safetensors tensors, Map<String, Object> facts) implements AutoCloseable {
  static final double FORWARD = 2;
  static final double GRADIENT = 3;
  private static final double EXACT = 1e-12;

  static Path folder() {
    return Path.of(System.getProperty("gatun.root"), "tests", "golden");
  }

  static Golden open(String stem) throws IOException {
    var facts = JSON.std.mapFrom(Files.readString(folder().resolve(stem + ".json")));
    return new Golden(Safetensors.open(folder().resolve(stem + ".safetensors")), facts);
  }

  /// The folder of the model that the file is about.
  Path model() {
    return folder().resolve("gpt2").resolve((String) facts.get("model"));
  }

  /// What Hugging Face calls a parameter.
  static String named(String parameter) {
    return parameter.equals("lm_head.weight") ? parameter : "transformer." + parameter;
  }

  @SuppressWarnings("unchecked")
  static Map<String, Object> object(Object value) {
    return (Map<String, Object>) value;
  }

  static double number(Object value) {
    return ((Number) value).doubleValue();
  }

  Shape shape(String name) {
    return Shape.of(tensors.tensor(name).shape().stream().mapToLong(Long::longValue).toArray());
  }

  int[] ints(String name) {
    var bytes = MemorySegment.ofArray(new int[Math.toIntExact(shape(name).count())]);
    tensors.read(name, 0, bytes);
    assertEquals(ByteOrder.LITTLE_ENDIAN, ByteOrder.nativeOrder());
    return (int[]) bytes.heapBase().orElseThrow();
  }

  /// The tensor on the device, floating-point ones as `dtype`.
  Tensor on(Scope scope, String name, DType dtype) {
    if (tensors.tensor(name).type() == StoredType.I32) {
      return Tensor.of(scope, shape(name), ints(name));
    }
    return dtype == DType.F64
        ? Tensor.of(scope, shape(name), tensors.doubles(name))
        : Tensor.of(scope, shape(name), tensors.floats(name));
  }

  static void assertHeld(
      String what, double[] actual, double[] truth, DType dtype, double k, double figure) {
    assertEquals(truth.length, actual.length, what);
    double difference = 0;
    double size = 0;
    for (int i = 0; i < truth.length; i++) {
      difference += (actual[i] - truth[i]) * (actual[i] - truth[i]);
      size += truth[i] * truth[i];
    }
    double allowed = dtype == DType.F64 ? EXACT : k * figure;
    double error = Math.sqrt(difference / size);
    assertTrue(
        difference <= allowed * allowed * size,
        () ->
            "%s in %s: norm-relative error %.3g, allowed %.3g"
                .formatted(what, dtype, error, allowed));
  }

  @Override
  public void close() {
    tensors.close();
  }
}
