package dev.gatun.laws.manners;

import dev.gatun.laws.Bf16;
import dev.gatun.laws.manners.Call.Region;
import dev.gatun.laws.manners.Parameter.Manner;
import dev.gatun.laws.manners.Rig.Run;
import dev.gatun.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// What a block of memory must look like after a call.
final class Blocks {
  private Blocks() {}

  /// All that is written holds numbers, and none of the poison. An integer of the one poison is -1,
  /// which may be written: there the other one tells.
  static void requireComplete(Call call, Run run, byte poison) {
    for (var region : call.regions()) {
      if (!region.written()) continue;
      var elements = call.read(run.after(), region);
      for (int i = 0; i < elements.length; i++) {
        var name = region.parameter().name();
        boolean telling = region.isFloating() || poison != Call.NAN_POISON;
        boolean poisoned =
            telling
                && region.parameter().manner() != Manner.INOUT
                && call.isPoisoned(run.after(), region, i, poison);
        call.require(!poisoned, "%s[%d] of %d is not written", name, i, elements.length);
        call.require(Double.isFinite(elements[i]), "%s[%d] is %s", name, i, elements[i]);
      }
    }
  }

  /// Guard bands and all that is only read.
  static void requireUntouched(Call call, Run run) {
    long from = 0;
    for (var region : call.regions()) {
      if (!region.written()) continue;
      requireEqual(call, run, from, region.offset());
      from = region.end(call.dtype());
    }
    requireEqual(call, run, from, call.blockBytes());
  }

  private static void requireEqual(Call call, Run run, long from, long to) {
    long at = MemorySegment.mismatch(run.before(), from, to, run.after(), from, to);
    call.require(at < 0, "wrote where it must not: %s", place(call, from + at));
  }

  private static String place(Call call, long at) {
    var place = "before its first array";
    for (var region : call.regions()) {
      var name = region.parameter().name();
      if (region.offset() <= at) place = "byte " + (at - region.offset()) + " of " + name;
      if (region.end(call.dtype()) <= at) place = "the guard band behind " + name;
    }
    return place;
  }

  /// Two orders of a sum of n terms differ by at most n units in the last place of the largest.
  static double rounding(Call call, double[] expected, double unit) {
    long terms = 4;
    for (var region : call.regions()) terms = Math.max(terms, region.count());
    return terms * unit * largest(expected);
  }

  private static double largest(double[] x) {
    return Math.max(1, Arrays.stream(x).map(Math::abs).max().orElse(0));
  }

  /// In bf16 what was stored and added to, and the result, are rounded too.
  static void requireClose(
      Call call, Region region, double[] expected, double[] found, String how) {
    double unit = call.dtype() == DType.F64 ? Math.ulp(1.0) : Math.ulp(1f);
    boolean narrow = region.elements(call.dtype()) == DType.BF16;
    double rounding = rounding(call, expected, unit);
    if (narrow) rounding += Bf16.UNIT * largest(expected);
    for (int i = 0; i < expected.length; i++) {
      call.require(
          Math.abs(found[i] - expected[i]) <= rounding,
          "%s: %s[%d] is %.9g, expected %.9g within %.3g",
          how,
          region.parameter().name(),
          i,
          found[i],
          expected[i],
          rounding);
    }
  }
}
