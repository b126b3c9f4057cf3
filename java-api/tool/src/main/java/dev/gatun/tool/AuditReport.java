package dev.gatun.tool;

import static dev.gatun.tool.Amounts.format;

import dev.gatun.scaling.Allocation;
import dev.gatun.scaling.Audit;
import dev.gatun.scaling.Caution;
import dev.gatun.scaling.NamedLaw;
import dev.gatun.scaling.Planner;
import dev.gatun.store.Checkpoints;
import dev.gatun.store.GptConfigFile;
import dev.gatun.store.TrainerState;
import dev.gatun.train.Journal;
import dev.gatun.train.Run;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalDouble;

/// What `plan --audit` says of a model.
///
/// @param measured the last validation loss of a run of ours; empty for published models
record AuditReport(NamedLaw law, Audit audit, OptionalDouble measured, List<Caution> warnings) {
  /// Of a published model by its name, else of a run folder.
  static AuditReport of(NamedLaw law, String who) {
    for (var known : Audit.Known.ALL) {
      if (!known.name().equals(who)) continue;
      var name = "%s (%s)".formatted(known.name(), known.source());
      return of(
          law,
          Audit.of(law.law(), name, known.parameters(), known.tokens()),
          OptionalDouble.empty());
    }
    return ofRun(law, Path.of(who));
  }

  private static AuditReport ofRun(NamedLaw law, Path run) {
    var checkpoint = Checkpoints.resolve(run);
    var config = GptConfigFile.read(checkpoint).config();
    long tokens = TrainerState.read(checkpoint).position();
    var audit = Audit.of(law.law(), run.toString(), config.parameterCount(), tokens);
    return of(law, audit, lastLoss(run.resolve(Run.JOURNAL)));
  }

  private static AuditReport of(NamedLaw law, Audit audit, OptionalDouble measured) {
    return new AuditReport(
        law, audit, measured, Planner.extrapolation(law, audit.actual().flops()));
  }

  private static OptionalDouble lastLoss(Path journal) {
    if (!Files.exists(journal)) return OptionalDouble.empty();
    return Journal.read(journal).reversed().stream()
        .flatMapToDouble(entry -> entry.number("validationLoss").stream())
        .findFirst();
  }

  String text() {
    var lines = new ArrayList<String>();
    lines.add(format("%-11s%s", "model", audit.subject()));
    lines.add(format("%-11s%s (%s)", "law", law.name(), law.source()));
    lines.add(row("trained", audit.actual()));
    lines.add(row("optimum", audit.optimum()));
    lines.add(row("needed", audit.needed()));
    lines.add(format("%-11s%s", "verdict", verdict()));
    measured.ifPresent(
        loss ->
            lines.add(
                format(
                    "%-11s%.4f nats a token on its own data; to be compared with a law of the same"
                        + " data only",
                    "measured", loss)));
    for (var warning : warnings) {
      lines.add(format("%-11s%s: %s", "warning", warning.name(), warning.text()));
    }
    return String.join(System.lineSeparator(), lines);
  }

  private static String row(String name, Allocation allocation) {
    return format(
        "%-11s%.4g FLOPs: %s parameters, %s tokens, %.2f a parameter, loss %.4f",
        name,
        allocation.flops(),
        Amounts.of(allocation.parameters()),
        Amounts.of(allocation.tokens()),
        allocation.tokensPerParameter(),
        allocation.loss());
  }

  private String verdict() {
    double ratio = audit.sizeRatio();
    return format(
        "%s: %.2f times %s than its compute deserves; %.4f nats lost, %.1f %% of the compute",
        word(),
        ratio >= 1 ? ratio : 1 / ratio,
        ratio >= 1 ? "larger" : "smaller",
        audit.excessLoss(),
        100 * audit.wastedShare());
  }

  private String word() {
    return switch (audit.verdict()) {
      case UNDERTRAINED -> "undertrained";
      case NEAR_OPTIMAL -> "near optimal";
      case OVERTRAINED -> "overtrained";
    };
  }

  String json() {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("model", audit.subject());
    fields.put("law", law.name());
    fields.putAll(PlanJson.allocation(audit.actual()));
    fields.put("optimum", PlanJson.allocation(audit.optimum()));
    fields.put("needed", PlanJson.allocation(audit.needed()));
    fields.put("verdict", word());
    fields.put("sizeRatio", audit.sizeRatio());
    fields.put("excessLoss", audit.excessLoss());
    fields.put("wastedShare", audit.wastedShare());
    measured.ifPresent(loss -> fields.put("measuredLoss", loss));
    fields.put("warnings", PlanJson.warnings(warnings));
    return JsonLine.of(fields);
  }
}
