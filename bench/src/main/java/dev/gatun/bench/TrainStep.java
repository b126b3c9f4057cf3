package dev.gatun.bench;

import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Schedule;
import dev.gatun.tensor.DType;
import dev.gatun.train.Batches;
import dev.gatun.train.Tokens;
import dev.gatun.train.Trainer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// One training step of a GPT-2 on random tokens: forward, backward, clipping, AdamW.
/// `bench/peers/train_step.py` is the same work in PyTorch.
@State(org.openjdk.jmh.annotations.Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3)
@Measurement(iterations = 9)
@Fork(
    value = 1,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xmx256m", "-XX:+UseSerialGC"})
public class TrainStep {
  /// See [Work].
  @Param({"gpt2-124m", "gpt2-14m"})
  public String size;

  private Device device;
  private Trainer trainer;

  @Setup
  public void open() {
    var work = Work.of(size);
    device = Device.cpu(Integer.getInteger("gatun.threads", 0));
    Scope memory = device.scope();
    var gpt = Gpt.create(work.config(), memory, DType.F32, 1);
    var adamw = new AdamW(gpt.parameters(), AdamW.Config.DEFAULTS);
    int[] ids = new Random(1).ints(1 << 16, 0, work.config().vocabulary()).toArray();
    var batches = new Batches(Tokens.of(ids), work.batch(), work.config().context(), 1);
    trainer = new Trainer(gpt, adamw, Schedule.constant(3e-4), batches, 1);
  }

  @Benchmark
  public double step() {
    var report = trainer.step();
    if (!(report.loss() > 0 && report.loss() < 20)) {
      throw new IllegalStateException("the loss is " + report.loss());
    }
    return report.loss();
  }

  @TearDown
  public void close() {
    device.close();
  }
}
