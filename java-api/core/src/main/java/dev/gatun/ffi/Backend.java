package dev.gatun.ffi;

import dev.gatun.ffi.internal.LibraryFinder;
import dev.gatun.ffi.internal.NativeLibrary;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The loaded libraries, one a backend. Loading happens once; nothing falls back from one backend
/// to another.
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
    return new Kernels(library);
  }

  /// Where the library of `backend` lies.
  public static Path file(String backend) {
    return LibraryFinder.find(backend);
  }
}
