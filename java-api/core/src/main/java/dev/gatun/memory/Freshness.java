package dev.gatun.memory;

/// Whether what stands in an array counts for nothing, so that the next kernel overwrites it in the
/// place of adding to it. That is known to the host alone, and decides which calls are made: a
/// [Recording] keeps account of what its step found and of what it leaves.
public final class Freshness {
  private final Device device;
  private final boolean outlivesRecording;
  private boolean fresh = true;

  /// Of an array that has just been made.
  public Freshness(Device device) {
    this.device = device;
    outlivesRecording = !device.isRecording();
  }

  public boolean get() {
    if (outlivesRecording) device.recording().ifPresent(made -> made.freshness().asked(this));
    return fresh;
  }

  public void set(boolean now) {
    if (outlivesRecording) device.recording().ifPresent(made -> made.freshness().changes(this));
    fresh = now;
  }

  /// Past the recording.
  boolean now() {
    return fresh;
  }

  /// Past the recording.
  void becomes(boolean now) {
    fresh = now;
  }
}
