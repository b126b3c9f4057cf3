package dev.gatun.memory;

import dev.gatun.ClosedTensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A step whose calls run again, all of them by one call: see [Device#record].
///
/// What it holds stays until it is closed: memory for what the step asks of its scopes, and on a
/// GPU a graph.
public final class Recording implements AutoCloseable {
  private static final int IMAGE_ALIGNMENT = 16;

  private final Device device;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment handle;
  private final List<MemorySegment> images = new ArrayList<>();
  private final RecordedFreshness freshness = new RecordedFreshness();
  private final long calls;
  private final long heldBytes;
  private final long naiveBytes;
  private boolean closed;

  Recording(Device device, Runnable step) {
    this.device = device;
    var answer = arena.allocate(ValueLayout.JAVA_LONG, 3);
    device.kernels().recordingOpen(device.stream().handle(), answer);
    handle = answer.get(ValueLayout.ADDRESS, 0);
    device.opened(this);
    int scopes = device.openScopes();
    try {
      walk(step, 1);
      walk(step, 0);
      device
          .kernels()
          .recordingSize(
              handle, answer, answer.asSlice(Long.BYTES), answer.asSlice(2 * Long.BYTES));
    } catch (Throwable failure) {
      abandon(scopes, failure);
      throw failure;
    }
    calls = answer.getAtIndex(ValueLayout.JAVA_LONG, 0);
    heldBytes = answer.getAtIndex(ValueLayout.JAVA_LONG, 1);
    naiveBytes = answer.getAtIndex(ValueLayout.JAVA_LONG, 2);
  }

  /// Closes what the step has left open, itself too. What it failed of is what is told.
  private void abandon(int scopes, Throwable failure) {
    try {
      device.closeScopesBeyond(scopes);
      close();
    } catch (RuntimeException another) {
      failure.addSuppressed(another);
    }
  }

  private void walk(Runnable step, int plan) {
    device.kernels().recordingBegin(handle, plan);
    device.recording(this);
    try {
      step.run();
    } finally {
      device.recording(null);
      freshness.endWalk();
    }
    device.kernels().recordingEnd(handle);
  }

  /// Names host memory that recorded copies read anew at each replay.
  void changing(MemorySegment image) {
    if (images.contains(image)) return;
    device.kernels().recordingChanging(handle, image, image.byteSize());
    images.add(image); // and so it stays
  }

  /// What the step that is being made finds of gradients, and what it leaves.
  RecordedFreshness freshness() {
    return freshness;
  }

  /// Runs the recorded calls. Does not wait. Refused where a scope whose memory they use is closed,
  /// and where gradients that the step was recorded to overwrite have arrived, or those it was
  /// recorded to add to were forgotten.
  public void replay() {
    if (closed) throw new ClosedTensor("the recording is closed");
    freshness.require();
    device.kernels().recordingReplay(handle);
    freshness.replayed();
  }

  /// How many calls it holds; on a GPU, nodes of its graph.
  public long calls() {
    return calls;
  }

  /// Bytes of device memory for what the step's scopes were asked for. Arrays that no two calls use
  /// at once share their places, and so do all recordings of a device.
  public long heldBytes() {
    return heldBytes;
  }

  /// What [#heldBytes] would be if each array had a place of its own.
  public long naiveBytes() {
    return naiveBytes;
  }

  /// What a replay would read from the host now, as one of the images of [#writeC].
  public byte[] image() {
    long bytes = images.stream().mapToLong(image -> padded(image.byteSize())).sum();
    var all = ByteBuffer.allocate(Math.toIntExact(bytes));
    for (var image : images) {
      int begin = all.position();
      all.put(image.asByteBuffer());
      all.position(begin + (int) padded(image.byteSize()));
    }
    return all.array();
  }

  private static long padded(long bytes) {
    return Math.ceilDiv(bytes, IMAGE_ALIGNMENT) * IMAGE_ALIGNMENT;
  }

  /// Writes it into a folder, which is made where it is missing, as a C program with the files
  /// that it reads: `step.c`, the calls with their arguments by name; `buffers.bin`, what the
  /// arrays hold that it uses; `images.bin`, what it reads from the host. Compiled and linked with
  /// the backend's library it computes the same bits without a JVM. Waits. Refused are steps that
  /// use tables of addresses, or memory of other libraries.
  public void writeC(Path folder) throws IOException {
    if (closed) throw new ClosedTensor("the recording is closed");
    Files.createDirectories(folder);
    try (var host = Arena.ofConfined()) {
      device.kernels().recordingWrite(handle, host.allocateFrom(folder.toString()));
    }
  }

  /// Waits for replays under way.
  @Override
  public void close() {
    if (closed) return;
    device.requireOwner();
    closed = true;
    device.closed(this);
    try {
      device.kernels().recordingClose(handle);
    } finally {
      arena.close();
    }
  }
}
