package dev.gatun.growth;

import dev.gatun.InvalidArgument;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/// Of which of a smaller number of elements (channels, heads, layers) each of a larger number is a
/// copy.
///
/// @param smaller how many there are to copy
/// @param sources the one that each of the larger number copies, from 0
public record CopyMap(int smaller, List<Integer> sources) {
  public CopyMap {
    sources = List.copyOf(sources);
    for (int source : sources) {
      if (source < 0 || source >= smaller) {
        throw new InvalidArgument("a copy of element %d of %d".formatted(source, smaller));
      }
    }
  }

  private static CopyMap of(int smaller, int larger, IntUnaryOperator source) {
    return new CopyMap(smaller, IntStream.range(0, larger).map(source).boxed().toList());
  }

  /// Each is itself.
  public static CopyMap same(int count) {
    return of(count, count, i -> i);
  }

  /// All of them, over and over: 0 1 2 0 1 for five of three.
  public static CopyMap tiled(int smaller, int larger) {
    return of(smaller, larger, i -> i % smaller);
  }

  /// Copies beside each other: 0 0 1 1 2 for five of three.
  public static CopyMap stretched(int smaller, int larger) {
    return of(smaller, larger, i -> (int) ((long) i * smaller / larger));
  }

  /// All of them in order, then all in random order, again and again: no two differ by more than
  /// one copy.
  public static CopyMap drawn(int smaller, int larger, Random random) {
    var sources = new ArrayList<>(same(smaller).sources);
    while (sources.size() < larger) {
      var round = new ArrayList<>(same(smaller).sources);
      Collections.shuffle(round, random);
      sources.addAll(round);
    }
    return new CopyMap(smaller, sources.subList(0, larger));
  }

  /// The same where each element is `size` in a row, copied together.
  public CopyMap inBlocks(int size) {
    return of(smaller * size, larger() * size, i -> sources.get(i / size) * size + i % size);
  }

  public int larger() {
    return sources.size();
  }

  /// How many copies there are of each of the smaller number.
  public int[] counts() {
    var counts = new int[smaller];
    for (int source : sources) counts[source]++;
    return counts;
  }

  public boolean isSame() {
    return equals(same(smaller));
  }

  /// Whether there is a copy of each.
  public boolean isOnto() {
    return Arrays.stream(counts()).allMatch(count -> count > 0);
  }

  /// Whether there are equally many copies of all.
  public boolean isUniform() {
    return Arrays.stream(counts()).distinct().count() == 1;
  }
}
