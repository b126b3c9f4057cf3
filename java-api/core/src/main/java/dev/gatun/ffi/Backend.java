package dev.gatun.ffi;

import dev.gatun.ffi.internal.LibraryFinder;
import dev.gatun.ffi.internal.NativeLibrary;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The loaded libraries, one a backend. Loading happens once; nothing falls back from one backend
/// to another. The system property `gatun.cublaslt` names the cuBLASLt that CUDA multiplies
/// matrices with, or `none`; without it the environment variable GATUN_CUBLASLT, else the loader's
/// own.
public final class Backend {
  private static final Map<String, Kernels> LOADED = new ConcurrentHashMap<>();

  private Backend() {}

  /// The functions of `backend` ("cpu" or "cuda"). Throws [dev.gatun.NoDevice] with the reason
  /// where its library cannot be found or loaded.
  public static Kernels load(String backend) {
    return LOADED.computeIfAbsent(backend, Backend::open);
  }

  // The library first: it knows the sentence for native access denied, which Kernels' class does
  // not.
  private static Kernels open(String backend) {
    var library = NativeLibrary.open(LibraryFinder.find(backend));
    var kernels = new Kernels(library);
    var cublasLt = System.getProperty("gatun.cublaslt");
    if (cublasLt != null) {
      try (var arena = Arena.ofConfined()) {
        kernels.chooseCublaslt(arena.allocateFrom(cublasLt));
      }
    }
    return kernels;
  }

  /// Where the library of `backend` lies.
  public static Path file(String backend) {
    return LibraryFinder.find(backend);
  }
}
