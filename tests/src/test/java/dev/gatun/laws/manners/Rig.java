package dev.gatun.laws.manners;

import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A block of device memory for the arrays of calls. What stands in the block is written and
/// read by copying all of it.
final class Rig implements AutoCloseable {
  private static final long BLOCK_BYTES = 8 << 20;

  private final Device device;
  private final Scope scope;
  private final MemorySegment block;

  /// On a device of its own, which it closes.
  Rig(Device device) {
    this.device = device;
    scope = device.scope();
    block = scope.bytes(BLOCK_BYTES);
  }

  /// A block before and after a call.
  record Run(MemorySegment before, MemorySegment after) {}

  /// Runs a call over fresh contents of the block.
  Run run(Call call, Arena arena, byte poison, int fresh) {
    return run(call, call.sample(), arena, poison, fresh);
  }

  /// The same, where the kernel is told `said` instead of the sample that the block was laid out
  /// for. What the kernel throws is thrown on.
  Run run(Call call, KernelSample said, Arena arena, byte poison, int fresh) {
    var before = fill(call, arena, poison, fresh);
    invoke(call, said, fresh);
    return new Run(before, contents(call, arena));
  }

  MemorySegment fill(Call call, Arena arena, byte poison, int fresh) {
    var before = arena.allocate(call.blockBytes(), Long.BYTES);
    call.fill(before, block.address(), poison, fresh);
    put(before);
    return before;
  }

  void put(MemorySegment contents) {
    scope.copyToDevice(block, contents);
  }

  MemorySegment contents(Call call, Arena arena) {
    var contents = arena.allocate(call.blockBytes(), Long.BYTES);
    scope.copyToHost(contents, block);
    return contents;
  }

  void invoke(Call call, KernelSample said, int fresh) {
    invoke(call, device.stream().handle(), said, fresh);
  }

  void invoke(Call call, MemorySegment stream, KernelSample said, int fresh) {
    Invocation.of(call.kernel(), device.kernels(), stream, p -> argument(call, p, said, fresh));
  }

  private Object argument(Call call, Parameter parameter, KernelSample said, int fresh) {
    if (parameter.isArray()) {
      boolean absent = said.absent().contains(parameter.name());
      return absent ? MemorySegment.NULL : scope.at(block, call.region(parameter).offset());
    }
    return scalar(call, parameter, said, fresh);
  }

  /// What a kernel is told for a parameter that is no array.
  static double scalar(Call call, Parameter parameter, KernelSample said, int fresh) {
    return switch (parameter.name()) {
      case "fresh" -> fresh;
      case "dtype" -> said.scalars().getOrDefault("dtype", (double) call.dtype().code());
      default -> said.scalars().get(parameter.name());
    };
  }

  @Override
  public void close() {
    device.close();
  }
}
