package dev.gatun.bench;

import dev.gatun.memory.Device;
import java.util.List;

/// What was asked for, and where the numbers go. `quick` is for sizes and times that show that a
/// bench works.
record Run(String backend, int threads, boolean quick, Rows rows) {
  /// The device asked for, with its threads.
  Device open() {
    return open(threads);
  }

  /// The same with another number of threads. Fails where another backend answers.
  Device open(int number) {
    var device =
        switch (backend) {
          case "cpu" -> Device.cpu(number);
          case "cuda" -> Device.cuda(0);
          default -> Device.emulated();
        };
    requireAsked(device, backend);
    return device;
  }

  /// Threads for a work of this name: the smallest networks take one.
  int threadsFor(String name) {
    return Net.isTiny(name) ? 1 : threads;
  }

  /// Fails unless it is `backend`'s library that answers.
  static void requireAsked(Device device, String backend) {
    var answers = device.kernels().library().backend();
    if (!answers.equals(backend)) {
      device.close();
      throw new BenchFailure(
          "the %s backend was asked for, and %s answers: nothing was measured", backend, answers);
    }
  }

  /// Seconds that one measurement may take.
  double seconds() {
    return quick ? 0.004 : 0.3;
  }

  /// Options of JVMs that live for moments: the last of the JIT's compilers costs them more than it
  /// gives.
  List<String> forkOptions() {
    return quick ? List.of("-XX:TieredStopAtLevel=1") : List.of();
  }
}
