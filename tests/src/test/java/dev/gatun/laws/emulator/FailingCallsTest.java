package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.DeviceLost;
import dev.gatun.GatunException;
import dev.gatun.LibraryDefect;
import dev.gatun.NoDevice;
import dev.gatun.OutOfDeviceMemory;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Feed;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.AdamW;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whichever call of the CUDA runtime fails in a training step, from opening the device to closing
/// it: an exception of its own type says so, nothing is left behind, and a device that is opened
/// afterwards computes the same bits as ever.
@Tag("emulator")
class FailingCallsTest {
  private static final GptConfig TINY = GptConfig.of(1, 2, 8, 4, 5);

  /// How many are there, and may this one be taken?
  private static final int CALLS_FOR_A_DEVICE = 2;

  /// At least those of the device and of its stream.
  private static final int CALLS_TO_OPEN = 10;

  /// Of the parameters, of the tape, and of the recorded step.
  private static final int SCOPES = 3;

  /// A recording begins by giving back the chunk that the tape left.
  private static final int TRIMS = 1;

  private static final int[] TOKENS = {0, 1, 2, 3, 4, 3, 2, 1};

  enum Failure {
    INVALID_VALUE(1, LibraryDefect.class, TRIMS),
    OUT_OF_MEMORY(2, OutOfDeviceMemory.class, TRIMS + SCOPES),
    ILLEGAL_ADDRESS(700, DeviceLost.class, 0),
    LAUNCH_FAILURE(719, DeviceLost.class, 0);

    final int code;
    final Class<? extends GatunException> type;
    final int untold;

    Failure(int code, Class<? extends GatunException> type, int untold) {
      this.code = code;
      this.type = type;
      this.untold = untold;
    }
  }

  /// A stream that can wait for the device's own.
  private static final class Beside implements AutoCloseable {
    private final Arena arena = Arena.ofConfined();
    private final Device device;
    private final MemorySegment stream;
    private final MemorySegment event;

    Beside(Device device) {
      this.device = device;
      try {
        var answer = arena.allocate(ValueLayout.ADDRESS, 2);
        device.kernels().streamOpen(device.handle(), answer);
        device.kernels().eventOpen(device.handle(), answer.asSlice(ValueLayout.ADDRESS.byteSize()));
        stream = answer.getAtIndex(ValueLayout.ADDRESS, 0);
        event = answer.getAtIndex(ValueLayout.ADDRESS, 1);
      } catch (GatunException refusal) {
        arena.close();
        throw refusal;
      }
    }

    void await() {
      device.kernels().eventRecord(event, device.stream().handle());
      device.kernels().eventAwait(event, stream);
      device.kernels().eventRecord(event, stream);
      device.kernels().eventElapsed(event, event, arena.allocate(ValueLayout.JAVA_DOUBLE));
      device.kernels().streamJoin(stream);
    }

    @Override
    public void close() {
      device.kernels().eventClose(event);
      device.kernels().streamClose(stream);
      arena.close();
    }
  }

  /// What a step computed, and a recorded one.
  private record Result(double loss, int weights, int replayed) {}

  private long callsBeforeClosing;

  /// Of a recording, in the middle of the work.
  private long callsBeforeGivingBack;

  private long callsBehindGivingBack;

  @AfterEach
  void letAllSucceed() {
    Emulator.failAt(0, 0);
  }

  @ParameterizedTest
  @EnumSource
  void aCallMayFail(Failure failure) {
    failInTurn(failure, 17);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("long")
  void anyCallMayFail(Failure failure) {
    failInTurn(failure, 1);
  }

  /// All calls that open or close, every so many-th between them, and the one behind the last.
  /// While it works a device tells of each failure, save that a scope asks for memory twice; when
  /// it closes, or gives back what a recording held, there is nobody left to tell.
  private void failInTurn(Failure failure, long stride) {
    Emulator.failAt(0, 0);
    var sound = step();
    long calls = Emulator.calls();
    long work = callsBeforeClosing;
    long from = callsBeforeGivingBack;
    long to = callsBehindGivingBack;
    assertTrue(0 < work && work < calls);
    int untold = 0;
    for (long n = 1; n <= calls; n += n < CALLS_TO_OPEN || n >= work ? 1 : stride) {
      Emulator.failAt(n, failure.code);
      boolean told = tells(n, failure, sound);
      assertTrue(Emulator.calls() >= n, "call " + n + " was never made");
      assertTrue(n <= work || !told, "call " + n + " is part of closing");
      boolean givesBack = from < n && n <= to;
      if (n <= work && !givesBack && !told) untold++;
      Emulator.failAt(0, 0);
      assertEquals(0, Emulator.held(), "left behind when call " + n + " failed");
      assertEquals(sound, step(), "after call " + n + " failed");
    }
    assertTrue(untold <= failure.untold, untold + " untold");
    Emulator.failAt(calls + 1, failure.code);
    assertEquals(sound, step());
    assertEquals(calls, Emulator.calls());
  }

  /// Whether a step ends in the exception for the failure of its n-th call, or as if it were sound.
  private boolean tells(long n, Failure failure, Result sound) {
    try {
      assertEquals(sound, step(), "call " + n + " failed");
      return false;
    } catch (GatunException told) {
      var expected = n <= CALLS_FOR_A_DEVICE ? NoDevice.class : failure.type;
      assertEquals(expected, told.getClass(), "call " + n);
      return true;
    }
  }

  /// A step on tokens out of pinned memory, while a second stream waits for the first.
  private Result step() {
    try (var device = Device.emulated();
        var memory = device.scope();
        var pinned = device.pinned(TOKENS.length * Integer.BYTES);
        var beside = new Beside(device)) {
      var gpt = Gpt.create(TINY, memory, DType.F32, 1);
      var adamw = new AdamW(gpt.parameters(), AdamW.Config.DEFAULTS);
      double loss;
      try (var tape = Tape.open(device)) {
        MemorySegment.copy(TOKENS, 0, pinned.memory(), ValueLayout.JAVA_INT, 0, TOKENS.length);
        var ids = tape.ints(TOKENS.length);
        tape.copyToDevice(ids, pinned.memory());
        var tokens = Tensor.over(tape, ids, DType.I32, Shape.of(2, 4), null);
        var mean = gpt.loss(tokens, tokens);
        tape.backward(mean);
        adamw.step(1e-3);
        beside.await();
        loss = mean.item();
      }
      var parameters = gpt.parameters();
      var all = Shape.of(parameters.count());
      var weights =
          Tensor.over(memory, parameters.parts().getFirst().weights(), DType.F32, all, null)
              .toFloats();
      int replayed = replayed(memory);
      callsBeforeClosing = Emulator.calls();
      return new Result(loss, Arrays.hashCode(weights), replayed);
    }
  }

  /// Once with what does not change, and once behind that.
  private int replayed(Scope memory) {
    var device = memory.device();
    var changing = new Feed(memory, Float.BYTES);
    var sum = Tensor.zeros(memory, DType.F32, Shape.SCALAR);
    Runnable step =
        () -> {
          changing.send();
          try (var work = device.scope()) {
            var fed = Tensor.over(memory, changing.data(), DType.F32, Shape.SCALAR, null);
            var next = sum.plus(fed.times(Tensor.of(work, Shape.SCALAR, 3f)));
            var stream = device.stream().handle();
            device.kernels().copy(stream, sum.data(), next.data(), Float.BYTES);
          }
        };
    int replayed;
    try (var recording = device.record(step)) {
      for (int i = 1; i <= 2; i++) {
        changing.image().set(ValueLayout.JAVA_FLOAT, 0, i);
        recording.replay();
      }
      replayed = (int) sum.item();
      callsBeforeGivingBack = Emulator.calls();
    }
    callsBehindGivingBack = Emulator.calls();
    return replayed;
  }
}
