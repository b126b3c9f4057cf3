package dev.gatun.laws;

import dev.gatun.memory.Scope;
import dev.gatun.op.Spec;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.IntStream;

/// Arrays of Java that stand for tensors of any type.
public final class Host {
  private Host() {}

  public static Tensor upload(Scope scope, Spec spec, double[] elements) {
    var tensor = Tensor.uninitialized(scope, spec.dtype(), spec.shape());
    tensor.copyFrom(
        switch (spec.dtype()) {
          case F64 -> MemorySegment.ofArray(elements);
          case F32 -> MemorySegment.ofArray(floats(elements));
          case I32 ->
              MemorySegment.ofArray(Arrays.stream(elements).mapToInt(x -> (int) x).toArray());
          case I64 ->
              MemorySegment.ofArray(Arrays.stream(elements).mapToLong(x -> (long) x).toArray());
          case BF16 -> MemorySegment.ofArray(bf16s(elements));
        });
    return tensor;
  }

  public static double[] download(Tensor tensor) {
    int count = Math.toIntExact(tensor.shape().count());
    return switch (tensor.dtype()) {
      case F32, F64 -> tensor.toDoubles();
      case I32 -> Arrays.stream(tensor.toInts()).asDoubleStream().toArray();
      case I64 -> {
        var elements = new long[count];
        tensor.copyTo(MemorySegment.ofArray(elements));
        yield Arrays.stream(elements).asDoubleStream().toArray();
      }
      case BF16 -> {
        var elements = new short[count];
        tensor.copyTo(MemorySegment.ofArray(elements));
        yield IntStream.range(0, count).mapToDouble(i -> Bf16.decode(elements[i])).toArray();
      }
    };
  }

  private static short[] bf16s(double[] elements) {
    var bf16s = new short[elements.length];
    for (int i = 0; i < bf16s.length; i++) bf16s[i] = Bf16.encode((float) elements[i]);
    return bf16s;
  }

  private static float[] floats(double[] elements) {
    var floats = new float[elements.length];
    for (int i = 0; i < floats.length; i++) floats[i] = (float) elements[i];
    return floats;
  }
}
