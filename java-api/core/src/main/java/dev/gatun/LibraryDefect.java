package dev.gatun;

/// The native library met what it should have ruled out, such as an error of the CUDA runtime that
/// no argument explains.
public final class LibraryDefect extends GatunException {
  public LibraryDefect(String message) {
    super(message);
  }
}
