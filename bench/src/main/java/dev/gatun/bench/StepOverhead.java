package dev.gatun.bench;

import dev.gatun.memory.Device;
import dev.gatun.memory.Recording;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What a small step of training takes, walked by Java and replayed.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 9, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xmx256m", "-XX:+UseSerialGC"})
public class StepOverhead {
  @Param({"LINEARS", "GPT"})
  public SmallSteps step;

  private Device device;
  private SmallSteps.Step walked;
  private SmallSteps.Step replayed;
  private Recording recording;

  @Setup
  public void open() {
    device = Device.cpu(Integer.getInteger("gatun.threads", 1));
    walked = new SmallSteps.Step(step, device);
    replayed = new SmallSteps.Step(step, device);
    recording = device.record(replayed::walk);
  }

  @Benchmark
  public void eager() {
    walked.prepare();
    walked.walk();
  }

  @Benchmark
  public void replay() {
    replayed.prepare();
    recording.replay();
  }

  @TearDown
  public void close() {
    device.close();
  }
}
