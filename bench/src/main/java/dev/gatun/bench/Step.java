package dev.gatun.bench;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Recording;
import dev.gatun.optim.AdamW;
import java.util.Arrays;

/// A step of training by [Net]'s loss: forward, backward, clipping, AdamW; op by op, or recorded.
final class Step implements AutoCloseable {
  private static final double RATE = 1e-4;

  private final Device device;
  private final String name;
  private final Net net;
  private final AdamW optimizer;
  private final Recording recording;

  Step(Device device, String net) {
    this.device = device;
    name = net;
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

  /// On the weights as they are.
  double loss() {
    try (var _ = device.scope()) {
      return net.loss().get().item();
    }
  }

  /// Fails unless steps op by op and replayed ones leave the same bits. Two of them, since AdamW's
  /// first says little of how large gradients are.
  static void requireSameBits(Device device, String net) {
    try (var eager = new Step(device, net);
        var replayed = new Step(device, net)) {
      for (int i = 0; i < 2; i++) {
        eager.eager();
        replayed.replay();
      }
      for (var name : eager.net.parameters().names()) requireSameBits(eager, replayed, name);
      if (eager.loss() != replayed.loss()) throw new BenchFailure("%s: losses differ", net);
    }
  }

  private static void requireSameBits(Step eager, Step replayed, String name) {
    var one = eager.net.parameters().master(name).toFloats();
    var other = replayed.net.parameters().master(name).toFloats();
    if (Arrays.equals(one, other)) return;
    throw new BenchFailure("%s differs between a step op by op and a replay", name);
  }

  Net net() {
    return net;
  }

  Device device() {
    return device;
  }

  Recording recording() {
    return recording;
  }

  /// Fails where the last gradient was none.
  void requireSensible() {
    double norm = optimizer.gradientNorm().orElseThrow();
    if (!(norm > 0 && norm < 1e3)) {
      throw new BenchFailure("%s: the norm of the last gradient is %s", name, norm);
    }
  }

  @Override
  public void close() {
    recording.close();
  }
}
