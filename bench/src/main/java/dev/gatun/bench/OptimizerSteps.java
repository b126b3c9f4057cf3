package dev.gatun.bench;

import dev.gatun.memory.Device;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.Parameters;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Hutchinson;
import dev.gatun.optim.Lion;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// One step of each optimizer over the weights of GPT-2 124M in fp32, the norm of the gradient
/// included; Sophia's without a refresh of its curvature. Gradients and curvature are random.
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3)
@Measurement(iterations = 15)
@Fork(
    value = 1,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xmx256m", "-XX:+UseSerialGC"})
public class OptimizerSteps {
  @Param({"adamw", "sophia", "lion"})
  public String optimizer;

  private Device device;
  private Parameters parameters;
  private Optimizer under;

  @Setup
  public void open() {
    device = Device.cpu(Integer.getInteger("gatun.threads", 0));
    parameters =
        Gpt.create(Work.of("gpt2-124m").config(), device.scope(), DType.F32, 1).parameters();
    under =
        switch (optimizer) {
          case "adamw" -> new AdamW(parameters, AdamW.Config.DEFAULTS);
          case "lion" -> new Lion(parameters, Lion.Config.DEFAULTS);
          default -> withCurvature(new Sophia(parameters, Sophia.Config.HUTCHINSON));
        };
  }

  private Sophia withCurvature(Sophia sophia) {
    fillGradients(2);
    new Hutchinson(parameters, 3).refresh(sophia);
    return sophia;
  }

  private void fillGradients(long seed) {
    parameters.settle();
    try (var host = Arena.ofConfined();
        var scope = device.scope()) {
      MemorySegment key = scope.longs(2);
      scope.copyToDevice(key, host.allocateFrom(ValueLayout.JAVA_LONG, seed, 0));
      device
          .kernels()
          .randomNormal(
              device.stream().handle(),
              parameters.gradients(),
              key,
              0,
              parameters.count(),
              0,
              1e-3,
              DType.F32.code());
    }
  }

  @Setup(Level.Iteration)
  public void draw() {
    fillGradients(4);
  }

  @Benchmark
  public void step() {
    under.step(1e-4);
    device.stream().join();
  }

  @TearDown
  public void close() {
    device.close();
  }
}
