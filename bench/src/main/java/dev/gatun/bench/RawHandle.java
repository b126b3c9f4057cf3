package dev.gatun.bench;

import dev.gatun.ffi.Backend;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Functions of `gatun.h` as bare method handles, without what Gatun's own classes put around them:
/// the floor that the others are measured from.
final class RawHandle {
  private RawHandle() {}

  /// A function of this backend that takes `arguments` and answers with a status.
  static MethodHandle of(String backend, String function, MemoryLayout... arguments) {
    return linked(backend, function, FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
  }

  /// One that takes nothing and answers with a text.
  static MethodHandle text(String backend, String function) {
    return linked(backend, function, FunctionDescriptor.of(ValueLayout.ADDRESS));
  }

  private static MethodHandle linked(
      String backend, String function, FunctionDescriptor descriptor) {
    var library = SymbolLookup.libraryLookup(Backend.file(backend), Arena.global());
    var address = library.find(function).orElseThrow();
    return Linker.nativeLinker().downcallHandle(address, descriptor);
  }
}
