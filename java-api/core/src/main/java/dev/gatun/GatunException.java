package dev.gatun;

/// The root of all that Gatun throws on purpose. Messages are whole sentences for the caller, with
/// the numbers.
public abstract class GatunException extends RuntimeException {
  protected GatunException(String message) {
    super(message);
  }

  protected GatunException(String message, Throwable cause) {
    super(message, cause);
  }
}
