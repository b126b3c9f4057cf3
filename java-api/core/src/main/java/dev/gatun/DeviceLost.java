package dev.gatun;

/// The device failed while it worked; only closing it is left.
public final class DeviceLost extends GatunException {
  public DeviceLost(String message) {
    super(message);
  }
}
