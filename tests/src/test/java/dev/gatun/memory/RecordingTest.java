package dev.gatun.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ClosedTensor;
import dev.gatun.GatunException;
import dev.gatun.InvalidArgument;
import dev.gatun.ffi.Backend;
import dev.gatun.grad.Tape;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Lion;
import dev.gatun.optim.OnDevice;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("backend")
class RecordingTest {
  private static final GptConfig CONFIG = GptConfig.of(2, 2, 16, 12, 61);
  private static final Shape WINDOWS = Shape.of(2, 11);
  private static final Shape TABLED = Shape.of(64);
  private static final int MICRO_STEPS = 2;
  private static final int STEPS = 4;

  private final OnDevice on = new OnDevice();
  private final Device device = on.device();
  private final Scope memory = on.memory();

  @AfterEach
  void close() {
    on.close();
  }

  /// A model, its optimizer, and a step of both that reads tokens from a feed.
  private final class Training {
    final Gpt gpt = Gpt.create(CONFIG, memory, DType.F32, 5);
    final Optimizer optimizer;
    final Feed tokens = new Feed(memory, MICRO_STEPS * 2 * WINDOWS.count() * Integer.BYTES);
    final Tensor losses = Tensor.zeros(memory, DType.F32, Shape.of(MICRO_STEPS));

    Training(String optimizer) {
      this.optimizer =
          switch (optimizer) {
            case "adamw" -> new AdamW(gpt.parameters(), AdamW.Config.DEFAULTS);
            case "lion" -> new Lion(gpt.parameters(), Lion.Config.DEFAULTS);
            default -> new Sophia(gpt.parameters(), Sophia.Config.HUTCHINSON);
          };
    }

    void prepare(int step) {
      var random = new SplittableRandom(step);
      for (long at = 0; at < tokens.image().byteSize(); at += Integer.BYTES) {
        tokens.image().set(ValueLayout.JAVA_INT, at, random.nextInt(CONFIG.vocabulary()));
      }
      optimizer.prepare(1e-2 / (1 + step));
    }

    void walk() {
      tokens.send();
      for (int micro = 0; micro < MICRO_STEPS; micro++) {
        try (var tape = Tape.open(device)) {
          var loss = gpt.loss(window(2 * micro), window(2 * micro + 1));
          tape.backward(loss, 1.0 / MICRO_STEPS);
          var to = memory.at(losses.data(), micro * Float.BYTES);
          device.kernels().copy(device.stream().handle(), to, loss.data(), Float.BYTES);
        }
      }
      optimizer.apply();
    }

    private Tensor window(int number) {
      var at = memory.at(tokens.data(), number * WINDOWS.count() * Integer.BYTES);
      return Tensor.over(memory, at, DType.I32, WINDOWS, null);
    }

    List<Object> state() {
      float[] weights = new float[(int) gpt.parameters().count()];
      memory.copyToHost(
          MemorySegment.ofArray(weights), gpt.parameters().parts().getFirst().weights());
      return List.of(
          Arrays.hashCode(weights),
          Arrays.toString(losses.toFloats()),
          optimizer.gradientNorm().orElseThrow(),
          optimizer.steps());
    }
  }

  @Test
  void arraysOfTwelveLayersShareTheirPlaces() {
    var gpt = Gpt.create(GptConfig.of(12, 2, 32, 16, 256), memory, DType.F32, 1);
    var shape = Shape.of(2, 16);
    var tokens = Tensor.of(memory, shape, new Random(2).ints(32, 0, 256).toArray());
    Runnable step =
        () -> {
          gpt.parameters().forgetGradients();
          try (var tape = Tape.open(device)) {
            tape.backward(gpt.loss(tokens, tokens));
          }
        };
    try (var recording = device.record(step)) {
      assertTrue(recording.heldBytes() <= 0.7 * recording.naiveBytes());
      // What the way back needs is kept by each layer, whatever shares its place.
      long kept = 12 * shape.count() * Float.BYTES * 32 * (1 + 1 + 3 + 1 + 1 + 1 + 4 + 4);
      assertTrue(recording.heldBytes() >= kept);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"adamw", "lion", "sophia"})
  void replayedStepsHaveTheBitsOfEagerOnes(String optimizer) {
    var eager = new Training(optimizer);
    var replayed = new Training(optimizer);
    var first = replayed.gpt.parameters().get("wte.weight").toFloats();
    try (var recording = device.record(replayed::walk)) {
      assertArrayEquals(first, replayed.gpt.parameters().get("wte.weight").toFloats());
      assertTrue(recording.calls() > 50, recording.calls() + " calls");
      assertTrue(recording.heldBytes() > 0);
      assertTrue(recording.heldBytes() < recording.naiveBytes());
      for (int step = 0; step < STEPS; step++) {
        eager.prepare(step);
        eager.walk();
        replayed.prepare(step);
        recording.replay();
        assertEquals(eager.state(), replayed.state(), "step " + step);
      }
    }
    assertFalse(Arrays.equals(first, eager.gpt.parameters().get("wte.weight").toFloats()));
  }

  /// The host has done with an image once the call returns, whenever the device comes to it.
  @Test
  void eachReplayTakesItsOwnImageAlong() {
    var feed = new Feed(memory, Float.BYTES);
    var sum = Tensor.zeros(memory, DType.F32, Shape.of(1));
    var read = Tensor.over(memory, feed.data(), DType.F32, Shape.of(1), null);
    try (var recording =
        device.record(
            () -> {
              feed.send();
              try (var _ = device.scope()) {
                var next = sum.plus(sum).plus(read);
                device.kernels().copy(device.stream().handle(), sum.data(), next.data(), 4);
              }
            })) {
      float expected = 0;
      for (int i = 1; i <= 20; i++) {
        feed.image().set(ValueLayout.JAVA_FLOAT, 0, i % 7);
        recording.replay();
        expected = 2 * expected + i % 7;
      }
      assertEquals(expected, sum.toFloats()[0]);
    }
  }

  @Test
  void whatIsNoFeedIsCopiedAsItWas() {
    var y = Tensor.zeros(memory, DType.F32, Shape.of(3));
    float[] numbers = {1, 2, 3};
    try (var recording = device.record(() -> y.copyFrom(MemorySegment.ofArray(numbers)))) {
      Arrays.fill(numbers, 7);
      recording.replay();
      assertArrayEquals(new float[] {1, 2, 3}, y.toFloats());
    }
  }

  /// Gradients of one sign are named by a table alone when the step reads them; what was asked for
  /// last, of the other sign, must not lie in their place.
  @Test
  void whatATableNamesKeepsItsPlace() {
    var w = Tensor.zeros(memory, DType.F32, TABLED);
    try (var recording = device.record(lionByTables(w))) {
      recording.replay();
    }
    for (float weight : w.toFloats()) assertEquals(-1, weight);
  }

  @Test
  void whereATableNamesAClosedScopeNothingIsReplayed() {
    var other = device.scope();
    var w = Tensor.zeros(other, DType.F32, TABLED);
    try (var recording = device.record(lionByTables(w))) {
      recording.replay();
      other.close();
      assertThrows(InvalidArgument.class, recording::replay);
    }
  }

  /// A step of Lion on w, which it knows by a table alone.
  private Runnable lionByTables(Tensor w) {
    long n = TABLED.count();
    var m = Tensor.zeros(memory, DType.F32, TABLED);
    var rate = memory.doubles(1);
    var counts = memory.longs(2);
    memory.copyToDevice(rate, MemorySegment.ofArray(new double[] {1}));
    memory.copyToDevice(counts, MemorySegment.ofArray(new long[] {n, 1}));
    var decays = memory.bytes(Integer.BYTES);
    memory.copyToDevice(decays, MemorySegment.ofArray(new int[] {0}));
    return () -> {
      try (var scope = device.scope()) {
        var gradients = Tensor.filled(scope, DType.F32, TABLED, 1);
        var tables = new MemorySegment[3];
        var named = new Tensor[] {w, m, gradients};
        for (int i = 0; i < tables.length; i++) {
          tables[i] = scope.longs(1);
          long address = named[i].data().address();
          scope.copyToDevice(tables[i], MemorySegment.ofArray(new long[] {address}));
        }
        Tensor.filled(scope, DType.F32, TABLED, -1);
        device
            .kernels()
            .lionTableStep(
                device.stream().handle(),
                tables[0],
                null,
                tables[1],
                tables[2],
                counts,
                decays,
                rate,
                memory.at(counts, Long.BYTES),
                null,
                null,
                1,
                0.9,
                0.99,
                0,
                1,
                DType.F32.code());
      }
    };
  }

  @Test
  void whatCannotBeReplayedIsRefusedInItsWords() {
    var x = Tensor.of(memory, Shape.of(2), 1f, 2f);
    refused("a copy to the host cannot be replayed", () -> x.toFloats());
    refused("to wait for it cannot be replayed", () -> device.stream().join());
    refused("the device records already", () -> device.record(() -> {}).close());
    assertArrayEquals(new float[] {1, 2}, x.toFloats());
  }

  /// Behind what scopes are asked for meanwhile there may be no memory yet.
  @Test
  void whatAnotherStreamIsAskedForMeanwhileIsRefused() {
    var x = Tensor.of(memory, Shape.of(2), 1f, 2f);
    var kernels = device.kernels();
    try (var arena = Arena.ofConfined()) {
      var answer = arena.allocate(ValueLayout.ADDRESS);
      kernels.streamOpen(device.handle(), answer);
      var other = answer.get(ValueLayout.ADDRESS, 0);
      refused("another stream", () -> kernels.fill(other, x.data(), 2, 0, DType.F32.code()));
      kernels.streamClose(other);
    }
  }

  private void refused(String sentence, Runnable step) {
    var refusal = assertThrows(GatunException.class, () -> device.record(step));
    assertTrue(refusal.getMessage().contains(sentence), refusal.getMessage());
    try (var recording = device.record(() -> {})) {
      recording.replay();
    }
  }

  @Test
  void aScopeLeftOpenIsRefused() {
    var left = new Scope[1];
    var refusal =
        assertThrows(
            InvalidArgument.class,
            () ->
                device.record(
                    () -> {
                      left[0] = device.scope();
                      left[0].floats(3);
                    }));
    assertTrue(refusal.getMessage().contains("is still open"), refusal.getMessage());
    assertFalse(left[0].isOpen());
    assertEquals(2, Tensor.of(device.innermost(), Shape.of(1), 1f).times(2).item());
  }

  @Test
  void whatAStepFailsOfIsWhatIsTold() {
    var failure = new IllegalStateException("of the step's own");
    Runnable step =
        () -> {
          device.scope().floats(3);
          throw failure;
        };
    assertSame(failure, assertThrows(IllegalStateException.class, () -> device.record(step)));
    assertSame(memory, device.innermost());
  }

  @Test
  void overAClosedScopeNothingIsReplayed() {
    var other = device.scope();
    var x = Tensor.of(other, Shape.of(2), 1f, 2f);
    try (var recording = device.record(() -> scale(x))) {
      recording.replay();
      other.close();
      var refusal = assertThrows(InvalidArgument.class, recording::replay);
      assertTrue(refusal.getMessage().contains("is closed"), refusal.getMessage());
    }
  }

  @Test
  void overAScopeThatClosedMeanwhileNothingIsReplayed() {
    var other = device.scope();
    var x = Tensor.of(other, Shape.of(2), 1f, 2f);
    var walks = new int[1];
    Runnable step =
        () -> {
          scale(x);
          if (walks[0]++ == 1) other.close();
        };
    try (var recording = device.record(step)) {
      assertThrows(InvalidArgument.class, recording::replay);
    }
  }

  /// Each walk asks the scope for an array; the second one's is the recording's.
  @Test
  void aResultMayLieInAScopeFromOutside() {
    var x = Tensor.of(memory, Shape.of(2), 1f, 2f);
    var y = new Tensor[1];
    try (var recording = device.record(() -> y[0] = x.times(3))) {
      recording.replay();
      assertArrayEquals(new float[] {3, 6}, y[0].toFloats());
    }
  }

  private void scale(Tensor x) {
    try (var _ = device.scope()) {
      x.times(2);
    }
  }

  @Test
  void bothWalksAskForTheSameCalls() {
    var x = Tensor.of(memory, Shape.of(2), 1f, 2f);
    var walks = new int[1];
    refused(
        "is not the one that was planned",
        () -> {
          try (var _ = device.scope()) {
            x.times(walks[0]++);
          }
        });
    refused(
        "is not the one that was planned",
        () -> {
          try (var _ = device.scope()) {
            x.slice(0, walks[0]++ % 2, 1);
          }
        });
    var y = Tensor.of(memory, Shape.of(2), 1f, 2f);
    refused("with the same arrays", () -> scale(walks[0]++ % 2 == 0 ? x : y));
    refused(
        "with the same arrays",
        () -> {
          try (var _ = device.scope()) {
            var a = x.times(2);
            var b = x.times(3);
            (walks[0]++ % 2 == 0 ? a : b).times(4);
            a.plus(b);
          }
        });
    refused(
        "were planned",
        () -> {
          try (var _ = device.scope()) {
            if (walks[0]++ % 2 == 0) x.times(2);
          }
        });
  }

  @Test
  void memoryOfRecordingsIsHeldByTheDevice() {
    long before = device.memory().heldBytes();
    Runnable step =
        () -> {
          try (var work = device.scope()) {
            Tensor.zeros(work, DType.F32, Shape.of(1 << 20));
          }
        };
    try (var _ = device.record(step)) {
      assertTrue(device.memory().heldBytes() >= before + (4 << 20));
    }
  }

  @Test
  void aClosedOneReplaysNothing() {
    var recording = device.record(() -> {});
    recording.close();
    recording.close();
    assertThrows(ClosedTensor.class, recording::replay);
  }

  /// All that its arrays hold, behind ten steps in another process and behind ten of this one.
  @ParameterizedTest
  @ValueSource(strings = {"adamw", "sophia"})
  void theProgramThatIsWrittenComputesTheSame(String optimizer, @TempDir Path folder)
      throws Exception {
    var training = new Training(optimizer);
    try (var recording = device.record(training::walk)) {
      training.prepare(0);
      recording.replay();
      recording.writeC(folder.resolve("before"));
      var images = new ByteArrayOutputStream();
      byte[] written = Files.readAllBytes(folder.resolve("before/images.bin"));
      images.write(written, 0, written.length - recording.image().length);
      for (int step = 1; step <= 10; step++) {
        training.prepare(step);
        images.write(recording.image());
        recording.replay();
      }
      Files.write(folder.resolve("before/images.bin"), images.toByteArray());
      recording.writeC(folder.resolve("after"));
    }
    run(folder.resolve("before"));
    assertEquals(
        -1,
        Files.mismatch(folder.resolve("before/after.bin"), folder.resolve("after/buffers.bin")));
    assertNotEquals(
        -1,
        Files.mismatch(folder.resolve("before/buffers.bin"), folder.resolve("after/buffers.bin")));
  }

  private void run(Path folder) throws Exception {
    var library = Backend.file(device.backend());
    var include = Path.of(System.getProperty("gatun.root"), "native", "include");
    command(
        folder,
        "cc",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-I" + include,
        "step.c",
        library.toString(),
        "-Wl,-rpath," + library.getParent(),
        "-lm",
        "-o",
        "step");
    command(folder, "./step", "10");
  }

  private static void command(Path folder, String... words) throws Exception {
    var process =
        new ProcessBuilder(words).directory(folder.toFile()).redirectErrorStream(true).start();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
  }
}
