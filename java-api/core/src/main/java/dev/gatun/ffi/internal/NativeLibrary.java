package dev.gatun.ffi.internal;

import dev.gatun.DeviceLost;
import dev.gatun.GatunException;
import dev.gatun.InvalidArgument;
import dev.gatun.LibraryDefect;
import dev.gatun.NoDevice;
import dev.gatun.OutOfDeviceMemory;
import dev.gatun.Unsupported;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/// One implementation of `gatun.h`, loaded from a shared library. Linking, symbol lookup and the
/// reinterpretation of addresses happen here alone, so that one module needs
/// `--enable-native-access`.
public final class NativeLibrary {
  public static final ValueLayout ADDRESS = ValueLayout.ADDRESS;
  public static final ValueLayout JAVA_INT = ValueLayout.JAVA_INT;
  public static final ValueLayout JAVA_LONG = ValueLayout.JAVA_LONG;
  public static final ValueLayout JAVA_DOUBLE = ValueLayout.JAVA_DOUBLE;

  private final Path file;
  private final SymbolLookup symbols;
  private final MethodHandle text;
  private final MemorySegment lastError;

  private NativeLibrary(Path file, SymbolLookup symbols) {
    this.file = file;
    this.symbols = symbols;
    this.text = Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(ADDRESS));
    this.lastError = find("gatun_last_error");
  }

  /// Loads `file`; its dependencies lie beside it.
  public static NativeLibrary open(Path file) {
    try {
      return new NativeLibrary(file, SymbolLookup.libraryLookup(file, Arena.global()));
    } catch (IllegalArgumentException refused) {
      throw new NoDevice("cannot load %s: %s".formatted(file, reason(file, refused)));
    } catch (IllegalCallerException denied) {
      throw new NoDevice(
          "native access is denied: start Java with --enable-native-access=" + moduleName());
    }
  }

  /// What the system's loader says. `libraryLookup` hides it; `System.load` tells.
  private static String reason(Path file, RuntimeException refused) {
    try {
      System.load(file.toAbsolutePath().toString());
      return refused.getMessage();
    } catch (UnsatisfiedLinkError told) {
      return told.getMessage();
    }
  }

  private static String moduleName() {
    var module = NativeLibrary.class.getModule();
    return module.isNamed() ? module.getName() : "ALL-UNNAMED";
  }

  public String backend() {
    return text(find("gatun_backend_name"));
  }

  public void requireHeader(String hash) {
    var built = text(find("gatun_header_hash"));
    if (!built.equals(hash)) {
      throw new NoDevice(
          "%s was built from another gatun.h (%s) than these classes (%s)"
              .formatted(file, built, hash));
    }
  }

  /// A handle for functions that take `arguments` and answer with a status; its first argument is
  /// the function.
  public static MethodHandle handle(MemoryLayout... arguments) {
    return Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(JAVA_INT, arguments));
  }

  public MemorySegment find(String symbol) {
    return symbols
        .find(symbol)
        .orElseThrow(
            () ->
                new NoDevice(
                    "%s has no %s: it was built from another gatun.h".formatted(file, symbol)));
  }

  /// An address without length, which FFM refuses once `arena` is closed and which Java cannot
  /// read.
  public static MemorySegment bound(MemorySegment address, Arena arena) {
    return address.reinterpret(0, arena, null);
  }

  /// `bytes` of memory of the host, which FFM refuses once `arena` is closed.
  public static MemorySegment readable(MemorySegment address, long bytes, Arena arena) {
    return address.reinterpret(bytes, arena, null);
  }

  /// The exception for a status: the function's name, then the library's sentence.
  public GatunException failure(String function, int status) {
    var why = "%s: %s".formatted(function, text(lastError));
    return switch (status) {
      case 2 -> new OutOfDeviceMemory(why);
      case 3 -> new Unsupported(why);
      case 4 -> new NoDevice(why);
      case 5 -> new DeviceLost(why);
      case 6 -> new LibraryDefect(why);
      default -> new InvalidArgument(why);
    };
  }

  private String text(MemorySegment function) {
    try {
      return ((MemorySegment) text.invokeExact(function)).reinterpret(Long.MAX_VALUE).getString(0);
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }
}
