package dev.gatun.bench;

import jcuda.runtime.JCuda;
import org.openjdk.jmh.annotations.Benchmark;

/// A call without arguments through JCuda's JNI. It needs no GPU: the runtime answers from its own
/// memory.
public class JcudaBoundary extends ForkedBenchmark {
  @Benchmark
  public int noArgumentsByJcuda() {
    return JCuda.cudaPeekAtLastError();
  }
}
