package dev.gatun.laws.emulator;

import static java.util.stream.Collectors.toMap;

import dev.gatun.memory.Device;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;

/// What tests ask of libgatun_emu.so beside the kernels: `native/runtime/emulator/controls.h`.
public final class Emulator {
  private static final long CAPACITY = 1 << 16;

  /// What devices for consumers grant a block, and those of data centres.
  public static final long CONSUMER_SHARED_BYTES = 99 << 10;

  public static final long LARGE_SHARED_BYTES = 227 << 10;
  private static final SymbolLookup LIBRARY =
      SymbolLookup.libraryLookup(
          Path.of(System.getProperty("gatun.library.path"), "libgatun_emu.so"), Arena.global());
  private static final MethodHandle COUNT =
      function("gatun_emulator_count", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
  private static final MethodHandle COUNTS =
      function(
          "gatun_emulator_counts",
          FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
  private static final MethodHandle GRANT =
      function("gatun_emulator_grant", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));
  private static final MethodHandle FAIL_AT =
      function(
          "gatun_emulator_fail_at",
          FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
  private static final MethodHandle CALLS =
      function("gatun_emulator_calls", FunctionDescriptor.of(ValueLayout.JAVA_LONG));
  private static final MethodHandle HELD =
      function("gatun_emulator_held", FunctionDescriptor.of(ValueLayout.JAVA_LONG));

  private static final MethodHandle STREAM_MAKE =
      function(
          "gatun_emulator_stream_make",
          FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
  private static final MethodHandle STREAM_END =
      function("gatun_emulator_stream_end", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));
  private static final MethodHandle STREAM_ASKED =
      function(
          "gatun_emulator_stream_asked",
          FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
  private static final MethodHandle MEMORY_TAKE =
      function(
          "gatun_emulator_memory_take",
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
  private static final MethodHandle MEMORY_GIVE =
      function("gatun_emulator_memory_give", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));

  /// Memory as another library takes it, by the numbers of `controls.h`.
  public enum Foreign {
    DEVICE,
    OTHER_CONTEXT,
    POOL,
    HOST
  }

  private Emulator() {}

  private static MethodHandle function(String name, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(LIBRARY.findOrThrow(name), type);
  }

  /// Runs `work` on a device of its own, which grants a block so many bytes of shared memory.
  public static <R> R granting(long sharedBytes, Function<Device, R> work) {
    grant(sharedBytes);
    try (var device = Device.emulated()) {
      return work.apply(device);
    } finally {
      grant(CONSUMER_SHARED_BYTES);
    }
  }

  private static void grant(long sharedBytes) {
    try {
      GRANT.invokeExact(sharedBytes);
    } catch (Throwable impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /// What each kernel spent, by its name, while `work` ran.
  public static Map<String, Counts> counted(Runnable work) {
    try (var arena = Arena.ofConfined()) {
      var text = arena.allocate(CAPACITY);
      COUNT.invokeExact(1);
      COUNTS.invokeExact(text, CAPACITY);
      try {
        work.run();
      } finally {
        COUNT.invokeExact(0);
      }
      COUNTS.invokeExact(text, CAPACITY);
      return text.getString(0)
          .lines()
          .map(line -> line.split(" ", 2))
          .collect(toMap(parts -> parts[0], parts -> Counts.parse(parts[1].split(" "))));
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /// Lets the n-th call of the CUDA runtime from now on fail; 0 lets all succeed.
  static void failAt(long n, int error) {
    try {
      FAIL_AT.invokeExact(n, error);
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /// Calls of the runtime since then.
  static long calls() {
    try {
      return (long) CALLS.invokeExact();
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /// What was taken from the runtime and not given back.
  public static long held() {
    try {
      return (long) HELD.invokeExact();
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /// The address of a stream as another library makes it, in the primary context or in its own.
  public static long makeStream(boolean primary) {
    try {
      return (long) STREAM_MAKE.invokeExact(primary ? 1 : 0);
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  public static void endStream(long stream) {
    try {
      STREAM_END.invokeExact(stream);
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /// How often a stream was asked for something so far; 0 names the legacy default stream.
  public static long askedOf(long stream) {
    try {
      return (long) STREAM_ASKED.invokeExact(stream);
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /// The address of memory as another library takes it.
  public static long takeMemory(long bytes, Foreign kind) {
    try {
      return (long) MEMORY_TAKE.invokeExact(bytes, kind.ordinal());
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  public static void giveMemory(long address) {
    try {
      MEMORY_GIVE.invokeExact(address);
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }
}
