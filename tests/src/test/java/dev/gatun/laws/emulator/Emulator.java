package dev.gatun.laws.emulator;

import static java.util.stream.Collectors.toMap;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Map;

/// What tests ask of libgatun_emu.so beside the kernels: `native/runtime/emulator/controls.h`.
public final class Emulator {
  private static final long CAPACITY = 1 << 16;
  private static final SymbolLookup LIBRARY =
      SymbolLookup.libraryLookup(
          Path.of(System.getProperty("gatun.library.path"), "libgatun_emu.so"), Arena.global());
  private static final MethodHandle COUNT =
      function("gatun_emulator_count", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
  private static final MethodHandle COUNTS =
      function(
          "gatun_emulator_counts",
          FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
  private static final MethodHandle FAIL_AT =
      function(
          "gatun_emulator_fail_at",
          FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
  private static final MethodHandle CALLS =
      function("gatun_emulator_calls", FunctionDescriptor.of(ValueLayout.JAVA_LONG));
  private static final MethodHandle HELD =
      function("gatun_emulator_held", FunctionDescriptor.of(ValueLayout.JAVA_LONG));

  private Emulator() {}

  private static MethodHandle function(String name, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(LIBRARY.findOrThrow(name), type);
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
  static long held() {
    try {
      return (long) HELD.invokeExact();
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }
}
