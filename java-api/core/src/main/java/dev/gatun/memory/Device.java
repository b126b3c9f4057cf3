package dev.gatun.memory;

import dev.gatun.ClosedTensor;
import dev.gatun.GatunException;
import dev.gatun.InvalidArgument;
import dev.gatun.NoDevice;
import dev.gatun.WrongDevice;
import dev.gatun.ffi.Backend;
import dev.gatun.ffi.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A processor that runs kernels, with one stream of work. It belongs to the thread that opened it;
/// another thread gets a [WrongDevice]. Closing it closes all scopes, recordings, wrapped streams
/// and pinned memory that are still open on it.
public final class Device implements AutoCloseable {
  private static final int DESCRIPTION_BYTES = 8192;

  private final Kernels kernels;
  private final String backend;
  private final int ordinal;
  private final Thread owner = Thread.currentThread();
  private final MemorySegment handle;
  private final Stream stream;
  private final Deque<Scope> open = new ArrayDeque<>();
  private final Set<Pinned> pinned = new HashSet<>();
  private final Set<Stream> wrapped = new HashSet<>();
  private final Set<Recording> recordings = new HashSet<>();
  private Recording recording;
  private boolean closed;

  private Device(String backend, int ordinal, int threads) {
    this.backend = backend;
    this.ordinal = ordinal;
    this.kernels = Backend.load(backend);
    try (var arena = Arena.ofConfined()) {
      var answer = arena.allocate(ValueLayout.ADDRESS);
      kernels.deviceOpen(answer, ordinal, threads);
      handle = answer.get(ValueLayout.ADDRESS, 0);
      stream = open(answer);
    }
  }

  /// Leaves no device behind where its stream cannot be opened.
  private Stream open(MemorySegment answer) {
    try {
      kernels.streamOpen(handle, answer);
      return new Stream(this, answer.get(ValueLayout.ADDRESS, 0));
    } catch (GatunException refusal) {
      kernels.deviceClose(handle);
      throw refusal;
    }
  }

  /// The CPU with all the processors this process may use.
  public static Device cpu() {
    return cpu(0);
  }

  /// The CPU with `threads` threads, 1024 at the most. Results have the same bits from run to run
  /// at the same number.
  public static Device cpu(int threads) {
    return new Device("cpu", 0, threads);
  }

  /// GPU number `ordinal`. Throws [NoDevice] with the reason where there is none.
  public static Device cuda(int ordinal) {
    return new Device("cuda", ordinal, 0);
  }

  /// The kernels of the CUDA backend on an emulated device, for tests of kernels: far slower than
  /// a GPU. Throws [NoDevice] where its library was not built.
  public static Device emulated() {
    return new Device("emu", 0, 0);
  }

  /// The first GPU where there is one, else the CPU; [#describe] says which it became.
  public static Device best() {
    try {
      return cuda(0);
    } catch (NoDevice none) {
      return cpu();
    }
  }

  /// "cpu", "cuda" or "emu".
  public String backend() {
    return backend;
  }

  /// Its number among those of its backend.
  public int ordinal() {
    return ordinal;
  }

  public Kernels kernels() {
    requireOwner();
    return kernels;
  }

  public Stream stream() {
    requireOwner();
    return stream;
  }

  /// A stream of another library as one of this device: `foreign` is the address that CUDA knows it
  /// by (a `cudaStream_t`, which is a `CUstream` too), or 0 for the legacy default stream. It must
  /// belong to the device's primary context and stay open until the wrapped one is closed.
  public Stream wrap(long foreign) {
    try (var arena = Arena.ofConfined()) {
      var answer = arena.allocate(ValueLayout.ADDRESS);
      kernels().streamWrap(handle, answer, MemorySegment.ofAddress(foreign));
      var stream = new Stream(this, answer.get(ValueLayout.ADDRESS, 0));
      wrapped.add(stream);
      return stream;
    }
  }

  /// Opens an arena; it becomes the place where operations put their results until it is closed or
  /// another is opened.
  public Scope scope() {
    return scope(0);
  }

  /// The same, bounded to `capBytes`; 0 sets no bound.
  public Scope scope(long capBytes) {
    return new Scope(this, capBytes);
  }

  /// Memory of the host for copies that run while the host goes on.
  public Pinned pinned(long bytes) {
    return new Pinned(this, bytes);
  }

  /// Records `step`, so that [Recording#replay] runs it again: the same kernels on the same memory,
  /// whatever Java did between them. For that `step` is run twice, and the device does nothing yet:
  /// first what it takes is made ready, memory and algorithms, then its calls are kept. It must ask
  /// for the same calls with the same arrays both times, close the scopes that it opens, use no
  /// other stream of the device, and neither wait nor read: a
  /// [dev.gatun.tensor.Tensor#item] has no answer yet. What differs from one replay to the next
  /// comes through a [Feed]; anything else copied to the device is copied again as it was.
  /// Gradients count as arrived, or as forgotten, behind a replay, and not behind the recording.
  public Recording record(Runnable step) {
    return new Recording(this, step);
  }

  /// Whether a step is being recorded. Its memory is planned: what is asked for anew costs nothing
  /// where something else has ended.
  public boolean isRecording() {
    return recording != null;
  }

  /// The one that is being made.
  Optional<Recording> recording() {
    return Optional.ofNullable(recording);
  }

  void recording(Recording made) {
    recording = made;
  }

  /// The scope opened last.
  public Scope innermost() {
    requireOwner();
    if (open.isEmpty()) {
      throw new InvalidArgument("no scope is open on this device: open one with device.scope()");
    }
    return open.peek();
  }

  public DeviceMemory memory() {
    try (var arena = Arena.ofConfined()) {
      var answer = arena.allocate(ValueLayout.JAVA_LONG, 3);
      kernels().deviceMemory(handle, answer, answer.asSlice(8), answer.asSlice(16));
      return new DeviceMemory(
          answer.getAtIndex(ValueLayout.JAVA_LONG, 0),
          answer.getAtIndex(ValueLayout.JAVA_LONG, 1),
          answer.getAtIndex(ValueLayout.JAVA_LONG, 2));
    }
  }

  /// Lines of the form "key: value" about the device and the libraries in use.
  public String describe() {
    try (var arena = Arena.ofConfined()) {
      var text = arena.allocate(DESCRIPTION_BYTES);
      kernels().deviceDescribe(handle, text, DESCRIPTION_BYTES);
      return text.getString(0);
    }
  }

  /// The value of the line of [#describe] that has this key.
  public String described(String key) {
    return describe()
        .lines()
        .filter(line -> line.startsWith(key + ": "))
        .map(line -> line.substring(key.length() + 2))
        .findFirst()
        .orElseThrow(
            () -> new InvalidArgument("the description of a device has no \"%s\"".formatted(key)));
  }

  /// Gives memory that no scope uses back to the system.
  public void trim() {
    kernels().deviceTrim(handle);
  }

  @Override
  public void close() {
    if (closed) return;
    requireOwner();
    try {
      closeScopesBeyond(0);
      List.copyOf(recordings).forEach(Recording::close);
      List.copyOf(pinned).forEach(Pinned::close);
      List.copyOf(wrapped).forEach(Stream::close);
    } finally {
      closed = true;
      kernels.deviceClose(handle);
    }
  }

  /// What functions of a device take as their first argument.
  public MemorySegment handle() {
    requireOwner();
    return handle;
  }

  void opened(Scope scope) {
    open.push(scope);
  }

  int openScopes() {
    return open.size();
  }

  /// Closes those opened last, until so many are left.
  void closeScopesBeyond(int count) {
    while (open.size() > count) open.peek().close();
  }

  void closed(Scope scope) {
    open.remove(scope);
  }

  void opened(Recording made) {
    recordings.add(made);
  }

  void closed(Recording made) {
    recordings.remove(made);
  }

  void opened(Pinned memory) {
    pinned.add(memory);
  }

  void closed(Pinned memory) {
    pinned.remove(memory);
  }

  void closed(Stream foreign) {
    wrapped.remove(foreign);
  }

  boolean owns(Stream some) {
    return some == stream;
  }

  void requireOwner() {
    if (Thread.currentThread() != owner) {
      throw new WrongDevice(
          "the device belongs to thread \"%s\", which opened it; this is \"%s\""
              .formatted(owner.getName(), Thread.currentThread().getName()));
    }
    if (closed) throw new ClosedTensor("the device is closed");
  }
}
