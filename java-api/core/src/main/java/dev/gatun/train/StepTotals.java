package dev.gatun.train;

import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;

/// What the steps of a journal come to.
///
/// @param steps how many there are
/// @param seconds they took, refreshes of the curvature among them
/// @param clipRate the part of them whose gradients were clipped
/// @param unclippedShare the mean part of the weights whose step was not clipped; empty but for
///     Sophia
/// @param refreshes of the curvature
/// @param curvature what all refreshes together rested on and cost
public record StepTotals(
    long steps,
    double seconds,
    double clipRate,
    OptionalDouble unclippedShare,
    long refreshes,
    CurvatureReport curvature) {
  /// Lines of anything but steps are passed over.
  public static StepTotals of(List<JournalEntry> journal) {
    var steps = journal.stream().filter(line -> line.number(StepReport.LOSS).isPresent()).toList();
    var tokens = numbers(steps, StepReport.CURVATURE_TOKENS).toArray();
    return new StepTotals(
        steps.size(),
        numbers(steps, StepReport.SECONDS).sum(),
        (double) clipped(steps) / Math.max(1, steps.size()),
        numbers(steps, StepReport.UNCLIPPED_SHARE).average(),
        tokens.length,
        new CurvatureReport(
            (long) DoubleStream.of(tokens).sum(),
            numbers(steps, StepReport.CURVATURE_FLOPS).sum(),
            numbers(steps, StepReport.CURVATURE_SECONDS).sum()));
  }

  private static long clipped(List<JournalEntry> steps) {
    return steps.stream()
        .filter(line -> Boolean.TRUE.equals(line.fields().get(StepReport.CLIPPED)))
        .count();
  }

  private static DoubleStream numbers(List<JournalEntry> steps, String field) {
    return steps.stream().flatMapToDouble(line -> line.number(field).stream());
  }
}
