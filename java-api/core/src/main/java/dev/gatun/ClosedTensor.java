package dev.gatun;

/// A tensor whose scope has been closed.
public final class ClosedTensor extends GatunException {
  public ClosedTensor(String message) {
    super(message);
  }
}
