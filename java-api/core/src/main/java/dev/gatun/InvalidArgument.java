package dev.gatun;

/// An argument that cannot be served.
public final class InvalidArgument extends GatunException {
  public InvalidArgument(String message) {
    super(message);
  }
}
