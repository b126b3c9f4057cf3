package dev.gatun.bench;

import dev.gatun.grad.Gradients;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.optim.RandomDirection;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// What walks over a network's loss find, each on a tape of its own, from gradients that are not
/// there yet.
record Walks(Device device, Net net) {
  /// What is done with a tape and its loss.
  interface Walk {
    Gradients of(Tape tape, Tensor loss);
  }

  void walk(Walk walk) {
    net.parameters().forgetGradients();
    try (var tape = Tape.open(device)) {
      var loss = net.loss().get();
      walk.of(tape, loss);
      if (!Double.isFinite(loss.item())) throw new BenchFailure("the loss is not finite");
    }
  }

  /// Random signs along the parameters.
  RandomDirection direction(long seed) {
    var memory = net.parameters().scope();
    var key = memory.longs(2);
    memory.copyToDevice(key, MemorySegment.ofArray(new long[] {seed, 0}));
    return new RandomDirection(net.parameters(), Sophia.Probe.SIGNS, key);
  }
}
