package dev.gatun.tool;

import dev.gatun.scaling.Bill;
import dev.gatun.scaling.Circumstance;
import dev.gatun.scaling.FitFile;
import dev.gatun.scaling.Goal;
import dev.gatun.scaling.NamedLaw;
import dev.gatun.scaling.PlanRequest;
import dev.gatun.scaling.Planner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Says how large a model, how many tokens, at what cost.
@Command(
    name = "plan",
    description = {
      "Says how large a model, how many tokens, at what cost; from one of --flops, --gpu-hours,"
          + " --params, --tokens, --loss. Or audits a model with --audit."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false)
final class PlanCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(names = "--flops", paramLabel = "C", description = "The FLOPs of the training.")
  private Double flops;

  @Option(names = "--gpu-hours", paramLabel = "H", description = "Hours, of all GPUs together.")
  private Double gpuHours;

  @Option(names = "--params", paramLabel = "N", description = "The size of the model.")
  private Double parameters;

  @Option(names = "--tokens", paramLabel = "D", description = "The tokens of the training.")
  private Double tokens;

  @Option(names = "--loss", paramLabel = "L", description = "The loss to reach, nats a token.")
  private Double loss;

  @Option(
      names = "--audit",
      paramLabel = "WHO",
      description = "gopher, gpt3, chinchilla or a run folder: how far from its compute's best.")
  private String audit;

  @Option(
      names = "--law",
      paramLabel = "NAME|FILE",
      defaultValue = "epoch-2024",
      description = "epoch-2024 (the default), hoffmann-2022, hoffmann-tex, or a fit's JSON.")
  private String law;

  @Option(
      names = "--serve-tokens",
      paramLabel = "S",
      description = "Tokens that the model will serve: a smaller one, trained for longer.")
  private Double serveTokens;

  @Option(
      names = "--serve-mfu",
      paramLabel = "X",
      description = "Share of the peak that serving reaches, if not that of training.")
  private Double serveMfu;

  @Option(
      names = "--unique-tokens",
      paramLabel = "U",
      description = "Tokens there are; more of them are repeats, which are worth less.")
  private Double uniqueTokens;

  @Option(
      names = "--saving",
      paramLabel = "FACTOR",
      defaultValue = "1",
      description = "A measured factor fewer tokens to the same loss, of an optimizer or growth.")
  private double saving;

  @Mixin private ShapeOptions shapes;
  @Mixin private BillOptions bill;

  @Option(names = "--explain", description = "Shows each formula with its source.")
  private boolean explain;

  @Option(names = "--json", description = "Prints one JSON object with full precision.")
  private boolean json;

  @Override
  public Integer call() {
    var out = spec.commandLine().getOut();
    if (audit != null) {
      requireAlone();
      var report = AuditReport.of(law(), audit);
      out.println(json ? report.json() : report.text());
      return 0;
    }
    var plan = Planner.plan(request());
    double hours = bill.gpu().hours(plan.chosen().flops(), bill.mfu(), shapes.precision());
    var report =
        new PlanReport(
            plan, bill.gpu(), bill.mfu(), bill.rates(), Bill.of(bill.gpu(), hours, bill.rates()));
    if (json) out.println(PlanJson.of(report));
    else new PlanTable(report, explain).print(out);
    return 0;
  }

  private PlanRequest request() {
    return new PlanRequest(law(), goal(), circumstance(), saving, shapes.models());
  }

  private NamedLaw law() {
    boolean isFile = law.endsWith(".json") || law.contains("/") || Files.exists(Path.of(law));
    return isFile ? FitFile.read(Path.of(law)) : NamedLaw.named(law);
  }

  private Goal goal() {
    var goals = new ArrayList<Goal>();
    if (flops != null) goals.add(new Goal.Flops(flops));
    if (gpuHours != null) {
      goals.add(new Goal.Flops(bill.gpu().flops(gpuHours, bill.mfu(), shapes.precision())));
    }
    if (parameters != null) goals.add(new Goal.Parameters(parameters));
    if (tokens != null) goals.add(new Goal.Tokens(tokens));
    if (loss != null) goals.add(new Goal.Loss(loss));
    if (goals.size() == 1) return goals.getFirst();
    throw new ParameterException(
        spec.commandLine(),
        "%d of --flops, --gpu-hours, --params, --tokens, --loss are given; it must be one"
            .formatted(goals.size()));
  }

  private Circumstance circumstance() {
    if (serveTokens != null && uniqueTokens != null) {
      throw new ParameterException(
          spec.commandLine(), "--serve-tokens and --unique-tokens do not go together");
    }
    if (serveTokens != null) {
      double cost = serveMfu == null ? 1 : bill.mfu() / BillOptions.share(serveMfu);
      return new Circumstance.Served(serveTokens, cost);
    }
    if (serveMfu != null) {
      throw new ParameterException(spec.commandLine(), "--serve-mfu goes with --serve-tokens");
    }
    return uniqueTokens == null ? new Circumstance.Plain() : new Circumstance.Limited(uniqueTokens);
  }

  private void requireAlone() {
    var parsed = spec.commandLine().getParseResult();
    var others =
        List.of(
            "--flops",
            "--gpu-hours",
            "--params",
            "--tokens",
            "--loss",
            "--serve-tokens",
            "--serve-mfu",
            "--unique-tokens",
            "--saving",
            "--explain");
    for (var other : others) {
      if (parsed.hasMatchedOption(other)) {
        throw new ParameterException(
            spec.commandLine(), "--audit looks at what was trained: it takes no " + other);
      }
    }
  }
}
