package dev.gatun.laws.emulator;

import static java.util.stream.Collectors.toMap;

import java.util.Arrays;
import java.util.Collection;
import java.util.Map;

/// What a kernel spent: the fields of `native/runtime/emulator/counters.h`.
public record Counts(Map<String, Long> fields) {

  static Counts parse(String[] words) {
    return new Counts(
        Arrays.stream(words)
            .map(word -> word.split("="))
            .collect(toMap(field -> field[0], field -> Long.parseLong(field[1]))));
  }

  public long of(String field) {
    return fields.get(field);
  }

  /// A field summed over kernels.
  public static long sum(Collection<Counts> kernels, String field) {
    return kernels.stream().mapToLong(counts -> counts.of(field)).sum();
  }
}
