package dev.gatun.tool;

import dev.gatun.scaling.Allocation;
import dev.gatun.scaling.AllocationBand;
import dev.gatun.scaling.Band;
import dev.gatun.scaling.Candidate;
import dev.gatun.scaling.Caution;
import dev.gatun.scaling.MemoryNeed;
import dev.gatun.scaling.RepeatPlan;
import dev.gatun.scaling.ServingPlan;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A plan as one JSON object, numbers with all their digits.
final class PlanJson {
  private PlanJson() {}

  static String of(PlanReport report) {
    var plan = report.plan();
    var fields = new LinkedHashMap<String, Object>();
    fields.put("law", plan.request().law().name());
    fields.put("source", plan.request().law().source());
    fields.put("saving", plan.request().saving());
    fields.putAll(allocation(plan.chosen()));
    fields.put("optimum", allocation(plan.optimum()));
    plan.band().ifPresent(band -> fields.put("band", band(band)));
    plan.serving().ifPresent(serving -> fields.put("serving", serving(serving)));
    plan.repeats().ifPresent(repeats -> fields.put("repeats", repeats(repeats)));
    fields.put("cost", cost(report));
    fields.put(
        "shapes", plan.candidates().stream().map(candidate -> shape(report, candidate)).toList());
    fields.put("warnings", warnings(plan.warnings()));
    return JsonLine.of(fields);
  }

  static Map<String, Object> allocation(Allocation allocation) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("flops", allocation.flops());
    fields.put("params", allocation.parameters());
    fields.put("tokens", allocation.tokens());
    fields.put("tokensPerParam", allocation.tokensPerParameter());
    fields.put("loss", allocation.loss());
    return fields;
  }

  static List<Map<String, Object>> warnings(List<Caution> warnings) {
    return warnings.stream().map(PlanJson::warning).toList();
  }

  private static Map<String, Object> warning(Caution warning) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("name", warning.name());
    fields.put("text", warning.text());
    return fields;
  }

  private static Map<String, Object> band(AllocationBand band) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("params", ends(band.parameters()));
    fields.put("tokens", ends(band.tokens()));
    fields.put("tokensPerParam", ends(band.tokensPerParameter()));
    band.loss().ifPresent(loss -> fields.put("loss", ends(loss)));
    fields.put("basis", band.basis());
    return fields;
  }

  private static List<Double> ends(Band band) {
    return List.of(band.low(), band.high());
  }

  private static Map<String, Object> serving(ServingPlan serving) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("servedTokens", serving.servedTokens());
    fields.put("servingCost", serving.servingCost());
    fields.put("totalFlops", serving.totalFlops());
    fields.put("totalFlopsOfOptimum", serving.totalFlopsOfCompute());
    return fields;
  }

  private static Map<String, Object> repeats(RepeatPlan repeats) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("uniqueTokens", repeats.uniqueTokens());
    fields.put("epochs", repeats.epochs());
    fields.put("effectiveTokens", repeats.effectiveTokens());
    fields.put("effectiveParams", repeats.effectiveParameters());
    return fields;
  }

  private static Map<String, Object> cost(PlanReport report) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("gpu", report.gpu().word());
    fields.put("mfu", report.mfu());
    fields.put("gpuHours", report.bill().gpuHours());
    fields.put("dollars", report.bill().dollars());
    fields.put("kilowattHours", report.bill().kilowattHours());
    fields.put("kilogramsCo2e", report.bill().kilogramsCo2());
    fields.put("dollarsPerGpuHour", report.rates().dollarsPerHour());
    fields.put("pue", report.rates().overhead());
    fields.put("gramsCo2ePerKilowattHour", report.rates().gramsPerKilowattHour());
    return fields;
  }

  private static Map<String, Object> shape(PlanReport report, Candidate candidate) {
    var config = candidate.config();
    var fields = new LinkedHashMap<String, Object>();
    fields.put("layers", config.layers());
    fields.put("heads", config.heads());
    fields.put("width", config.width());
    fields.put("feedForward", config.feedForward());
    fields.put("vocab", config.vocabulary());
    fields.put("context", config.context());
    fields.put("params", candidate.parameters());
    fields.put("tokens", candidate.tokens());
    fields.put("loss", candidate.loss());
    fields.put("flopsPerToken", candidate.flopsPerToken());
    fields.put("trainerFlopsPerToken", candidate.trainerFlopsPerToken());
    fields.put("memoryBytes", memory(candidate.memory()));
    fields.put("fitsGpu", report.fits(candidate));
    return fields;
  }

  private static Map<String, Object> memory(MemoryNeed memory) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("weights", memory.weights());
    fields.put("gradients", memory.gradients());
    fields.put("optimizer", memory.optimizer());
    fields.put("activations", memory.activations());
    fields.put("total", memory.total());
    return fields;
  }
}
