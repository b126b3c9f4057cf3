package dev.gatun.scaling;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/// A fit as JSON, for programs; numbers in full.
///
/// `law`, `samples` (each [e, a, b, alpha, beta]), `objective`, `starts`, `intervals` and
/// `residuals` are approach 3's and missing without it; `envelope` and `isoFlop` are 1 and 2.
public final class FitDocument {
  private static final Map<String, ToDoubleFunction<ParametricLaw>> LAW = law();

  private FitDocument() {}

  private static Map<String, ToDoubleFunction<ParametricLaw>> law() {
    var law = new LinkedHashMap<String, ToDoubleFunction<ParametricLaw>>();
    law.put("e", ParametricLaw::e);
    law.put("a", ParametricLaw::a);
    law.put("b", ParametricLaw::b);
    law.put("alpha", ParametricLaw::alpha);
    law.put("beta", ParametricLaw::beta);
    return law;
  }

  /// One line.
  ///
  /// @param frontier the points to list
  /// @param more warnings about them
  public static String json(ScalingFit fit, List<FrontierPoint> frontier, Set<Warning> more) {
    try {
      return JSON.std.with(JSON.Feature.WRITE_NULL_PROPERTIES).asString(of(fit, frontier, more));
    } catch (IOException e) {
      throw new UncheckedIOException("a string refused to be written to", e);
    }
  }

  private static Map<String, Object> of(
      ScalingFit fit, List<FrontierPoint> frontier, Set<Warning> more) {
    var document = new LinkedHashMap<String, Object>();
    fit.law().ifPresent(law -> putLaw(document, law));
    document.put("points", fit.runs().all().size());
    document.put("flopsRange", List.of(fit.runs().leastFlops(), fit.runs().greatestFlops()));
    fit.envelope().ifPresent(envelope -> document.put("envelope", envelope(envelope)));
    fit.isoFlop().ifPresent(slices -> document.put("isoFlop", isoFlop(slices)));
    document.put("frontier", frontier.stream().map(FitDocument::point).toList());
    var refusals = new LinkedHashMap<String, Object>();
    fit.refusals().forEach((approach, why) -> refusals.put("" + approach.number(), why));
    document.put("refusals", refusals);
    var warnings = fit.warnings();
    warnings.addAll(more);
    document.put("warnings", warnings.stream().map(Warning::name).toList());
    return document;
  }

  private static void putLaw(Map<String, Object> document, LawFit fit) {
    document.put("law", map(LAW, of -> of.applyAsDouble(fit.law())));
    document.put("objective", fit.objective());
    document.put("starts", fit.starts());
    document.put("parameterExponent", fit.law().parameterExponent());
    if (!fit.samples().isEmpty()) {
      var intervals = map(LAW, of -> interval(Interval.of(fit.samples(), of)));
      intervals.put(
          "parameterExponent",
          interval(Interval.of(fit.samples(), ParametricLaw::parameterExponent)));
      document.put("intervals", intervals);
    }
    document.put("residuals", residuals(fit.residuals()));
    document.put(
        "samples",
        fit.samples().stream()
            .map(law -> LAW.values().stream().map(of -> of.applyAsDouble(law)).toList())
            .toList());
  }

  private static <T, R> Map<String, Object> map(Map<String, T> of, Function<T, R> value) {
    var map = new LinkedHashMap<String, Object>();
    of.forEach((name, item) -> map.put(name, value.apply(item)));
    return map;
  }

  private static Map<String, Object> envelope(EnvelopeFit fit) {
    var map = frontier(fit.frontier(), fit.samples(), fit.residuals());
    map.put("points", fit.envelope().size());
    return map;
  }

  private static Map<String, Object> isoFlop(IsoFlopFit fit) {
    var map = frontier(fit.frontier(), fit.samples(), fit.residuals());
    map.put("slices", fit.slices().stream().map(FitDocument::slice).toList());
    return map;
  }

  private static Map<String, Object> frontier(
      PowerFrontier frontier, List<PowerFrontier> samples, Residuals residuals) {
    var map = new LinkedHashMap<String, Object>();
    map.put("parameterExponent", frontier.parameters().exponent());
    map.put("parameterFactor", frontier.parameters().factor());
    map.put("tokenExponent", frontier.tokens().exponent());
    map.put("tokenFactor", frontier.tokens().factor());
    map.put(
        "parameterExponentInterval",
        interval(Interval.of(samples, sample -> sample.parameters().exponent())));
    map.put(
        "tokenExponentInterval",
        interval(Interval.of(samples, sample -> sample.tokens().exponent())));
    map.put("samples", samples.size());
    map.put("residuals", residuals(residuals));
    return map;
  }

  private static Map<String, Object> slice(IsoFlopSlice slice) {
    var map = new LinkedHashMap<String, Object>();
    map.put("flops", slice.flops());
    map.put("runs", slice.runs().size());
    map.put("centre", slice.centre());
    map.put("halfWidth", slice.halfWidth());
    map.put("curvature", slice.curvature());
    map.put("hasOptimum", slice.hasOptimum());
    map.put("optimum", slice.optimum());
    map.put("loss", slice.loss());
    map.put("residuals", residuals(slice.residuals()));
    return map;
  }

  private static Map<String, Object> point(FrontierPoint point) {
    var map = new LinkedHashMap<String, Object>();
    map.put("approach", point.approach().number());
    map.put("flops", point.flops());
    map.put("params", point.parameters());
    map.put("paramsInterval", interval(point.parametersBand()));
    map.put("tokens", point.tokens());
    map.put("tokensInterval", interval(point.tokensBand()));
    map.put("tokensPerParam", point.tokensPerParameter());
    map.put("loss", point.loss().orElse(null));
    map.put("lossInterval", interval(point.lossBand()));
    return map;
  }

  private static Map<String, Object> residuals(Residuals residuals) {
    var map = new LinkedHashMap<String, Object>();
    map.put("rmse", residuals.rmse());
    map.put("median", residuals.median());
    return map;
  }

  private static List<Double> interval(Optional<Interval> interval) {
    return interval.map(of -> List.of(of.low(), of.high())).orElse(null);
  }
}
