package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.gatun.InvalidArgument;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ScalingFitTest {
  private static final Set<Approach> ALL = EnumSet.allOf(Approach.class);
  private final Runs runs = Runs.of(Synthetic.runs(Synthetic.HOFFMANN, 8, 9, 0.005, 2));
  private final ScalingFit fit = ScalingFit.of(runs, ALL, Starts.SEEDED, new Bootstrap(20, 3));

  @Test
  void anApproachThatTheRunsDoNotAllowIsARefusal() {
    assertEquals(Set.of(Approach.ENVELOPE), fit.refusals().keySet());
    assertEquals(EnumSet.of(Approach.ISO_FLOP, Approach.PARAMETRIC), fit.frontiers().keySet());
    var alone = EnumSet.of(Approach.ENVELOPE);
    assertThrows(
        InvalidArgument.class, () -> ScalingFit.of(runs, alone, Starts.SEEDED, Bootstrap.NONE));
  }

  @Test
  void theFrontierIsTheLawsOptimumInsideItsBands() {
    var points = FrontierPoint.upTo(1e23, fit);
    var law = fit.law().orElseThrow().law();
    for (var at : points) {
      if (at.approach() != Approach.PARAMETRIC) continue;
      var optimum = law.optimum(at.flops());
      assertEquals(1, at.parameters() / optimum.parameters(), 1e-12);
      assertEquals(1, at.tokens() / optimum.tokens(), 1e-12);
      assertEquals(optimum.loss(), at.loss().orElseThrow(), 1e-12);
      var band = at.lossBand().orElseThrow();
      assertTrue(band.low() < band.high());
    }
    assertEquals(1e17, points.getFirst().flops(), 1e5);
    assertEquals(1e23, points.getLast().flops());
  }

  @Test
  void beyondAHundredTimesTheLargestRunItWarns() {
    assertEquals(Set.of(), FrontierPoint.warnings(0.99e24, fit));
    assertEquals(EnumSet.of(Warning.EXTRAPOLATION), FrontierPoint.warnings(1.01e24, fit));
    assertThrows(InvalidArgument.class, () -> FrontierPoint.upTo(1e16, fit));
    assertThrows(InvalidArgument.class, () -> FrontierPoint.upTo(Double.NaN, fit));
  }

  @Test
  void theDocumentHoldsTheLawInFull() throws IOException {
    var frontier = FrontierPoint.upTo(1e23, fit);
    var json = JSON.std.mapFrom(FitDocument.json(fit, frontier, EnumSet.of(Warning.EXTRAPOLATION)));
    var law = fit.law().orElseThrow();
    var written = (Map<?, ?>) json.get("law");
    assertEquals(law.law().e(), written.get("e"));
    assertEquals(law.law().a(), written.get("a"));
    assertEquals(law.law().b(), written.get("b"));
    assertEquals(law.law().alpha(), written.get("alpha"));
    assertEquals(law.law().beta(), written.get("beta"));
    assertEquals(law.objective(), json.get("objective"));
    assertEquals(72, json.get("points"));
    assertEquals(List.of(runs.leastFlops(), runs.greatestFlops()), json.get("flopsRange"));
    var samples = (List<?>) json.get("samples");
    assertEquals(20, samples.size());
    var first = law.samples().getFirst();
    assertEquals(
        List.of(first.e(), first.a(), first.b(), first.alpha(), first.beta()), samples.getFirst());
    assertEquals(frontier.size(), ((List<?>) json.get("frontier")).size());
    assertTrue(((List<?>) json.get("warnings")).contains("EXTRAPOLATION"));
    assertTrue(((Map<?, ?>) json.get("refusals")).containsKey("1"));
  }

  @Test
  void withoutABootstrapThereAreNoIntervals() throws IOException {
    var bare = ScalingFit.of(runs, ALL, Starts.SEEDED, Bootstrap.NONE);
    var json = JSON.std.mapFrom(FitDocument.json(bare, FrontierPoint.upTo(1e22, bare), Set.of()));
    assertEquals(List.of(), json.get("samples"));
    assertTrue(!json.containsKey("intervals"));
    assertThrows(InvalidArgument.class, () -> new Bootstrap(-1, 0));
  }

  @Test
  void quantilesLieOnTheLineBetweenNeighbours() {
    var interval = Interval.of(List.of(4.0, 0.0, 1.0, 2.0, 3.0), x -> x).orElseThrow();
    assertEquals(0.1, interval.low(), 1e-15);
    assertEquals(3.9, interval.high(), 1e-15);
    assertEquals(2.5, Interval.median(new double[] {4, 1, 3, 2}));
  }
}
