package dev.gatun.laws.manners;

import dev.gatun.laws.Devices;
import dev.gatun.laws.manners.Call.Region;
import dev.gatun.laws.manners.Rig.Run;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Saves cases for `native/test/replay.cpp`, which says how they are written: calls of kernels, and
/// what the device under test made of them.
final class Cases {
  private static final int[] MASKS = {-1, 0};

  private final DataOutputStream file;

  private Cases(DataOutputStream file) {
    this.file = file;
  }

  /// Saves the replay samples to the first file that the arguments name, and the samples of the
  /// manners to the second, if there is one.
  public static void main(String[] arguments) throws IOException {
    try (var rig = new Rig(Devices.underTest())) {
      save(rig, Path.of(arguments[0]), Prototype.KERNELS);
      if (arguments.length == 1) return;
      try (var file = open(Path.of(arguments[1]))) {
        for (var kernel : Prototype.KERNELS) {
          for (var sample : KernelSamples.ALL.get(kernel.name())) {
            for (var dtype : ReplaySamples.DTYPES)
              new Cases(file).save(rig, Call.of(kernel, sample, dtype));
          }
        }
      }
    }
  }

  /// Saves the replay samples of some kernels.
  static void save(Rig rig, Path to, List<Prototype> kernels) throws IOException {
    try (var file = open(to)) {
      for (var kernel : kernels) {
        for (var sample : ReplaySamples.ALL.getOrDefault(kernel.name(), List.of())) {
          new Cases(file).save(rig, Call.of(kernel, sample, ReplaySamples.dtype(sample)));
        }
      }
    }
  }

  private static DataOutputStream open(Path to) throws IOException {
    return new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(to)));
  }

  private void save(Rig rig, Call call) throws IOException {
    for (int fresh : MASKS) {
      if (fresh == 0 && call.kernel().accumulated().isEmpty()) continue;
      try (var arena = Arena.ofConfined()) {
        save(call, rig.run(call, arena, Call.NAN_POISON, fresh), fresh);
      }
    }
  }

  private void save(Call call, Run run, int fresh) throws IOException {
    bytes(call.kernel().name().getBytes(StandardCharsets.US_ASCII));
    integer(call.regions().size());
    for (var region : call.regions()) {
      integer(region.isTable() ? 1 : 0);
      bytes(region.isTable() ? entries(call, region) : bytes(call, region, run.before()));
      bytes(bytes(call, region, run.after()));
    }
    var doubles = call.kernel().parameters().stream().filter(Cases::isDouble).toList();
    integer(call.kernel().parameters().size() - doubles.size());
    for (var parameter : call.kernel().parameters()) {
      if (!isDouble(parameter)) word(call, parameter, fresh);
    }
    integer(doubles.size());
    for (var parameter : doubles) {
      integer(Double.doubleToRawLongBits(Rig.scalar(call, parameter, call.sample(), fresh)));
    }
  }

  private static boolean isDouble(Parameter parameter) {
    return parameter.type().equals("double") && !parameter.isArray();
  }

  /// The number of an array, or an integer; 0 for null.
  private void word(Call call, Parameter parameter, int fresh) throws IOException {
    var region = call.region(parameter);
    integer(region == null ? 0 : 1);
    if (region != null) integer(call.regions().indexOf(region));
    else if (parameter.isArray()) integer(0);
    else integer((long) Rig.scalar(call, parameter, call.sample(), fresh));
  }

  private static byte[] bytes(Call call, Region region, MemorySegment block) {
    long end = region.end(call.dtype());
    return block.asSlice(region.offset(), end - region.offset()).toArray(ValueLayout.JAVA_BYTE);
  }

  /// A table as it is saved: the numbers of its arrays.
  private static byte[] entries(Call call, Region table) {
    var numbers =
        call.regions().stream()
            .filter(region -> region.inTable() && region.parameter() == table.parameter())
            .mapToLong(call.regions()::indexOf)
            .toArray();
    return MemorySegment.ofArray(numbers).toArray(ValueLayout.JAVA_BYTE);
  }

  private void bytes(byte[] bytes) throws IOException {
    integer(bytes.length);
    file.write(bytes);
  }

  private void integer(long value) throws IOException {
    file.writeLong(Long.reverseBytes(value));
  }
}
