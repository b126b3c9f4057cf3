package dev.gatun.bench;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Recording;
import dev.gatun.optim.AdamW;

/// A step of training by [Net]'s loss: forward, backward, clipping, AdamW; op by op, or recorded.
final class Step implements AutoCloseable {
  private static final double RATE = 1e-4;

  private final Device device;
  private final Net net;
  private final AdamW optimizer;
  private final Recording recording;

  Step(Device device, String net) {
    this.device = device;
    this.net = Net.of(net, device.scope());
    optimizer = new AdamW(this.net.parameters(), AdamW.Config.DEFAULTS);
    recording = device.record(this::walk);
  }

  private void walk() {
    try (var tape = Tape.open(device)) {
      tape.backward(net.loss().get());
    }
    optimizer.apply();
  }

  void eager() {
    prepare();
    walk();
    device.stream().join();
  }

  void replay() {
    prepare();
    recording.replay();
    device.stream().join();
  }

  /// What the host does before either.
  void prepare() {
    optimizer.prepare(RATE);
  }

  Device device() {
    return device;
  }

  Recording recording() {
    return recording;
  }

  double gradientNorm() {
    return optimizer.gradientNorm().orElseThrow();
  }

  @Override
  public void close() {
    recording.close();
  }
}
