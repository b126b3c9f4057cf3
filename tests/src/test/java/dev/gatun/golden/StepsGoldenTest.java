package dev.gatun.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.laws.Devices;
import dev.gatun.nn.Parameters;
import dev.gatun.optim.Lion;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Ten steps of Sophia and of Lion, some of them clipped, with refreshes of the curvature between
/// them, against their papers' formulas, and of Sophia against its authors' code: weights, states
/// and what was not clipped.
@Tag("backend")
class StepsGoldenTest {
  private static final List<String> PARAMETERS = List.of("decays", "does not");

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F64"})
  void tenStepsAgreeWithTheFormulas(DType dtype) throws IOException {
    try (var golden = Golden.open("optim/steps")) {
      for (var entry : (List<?>) golden.facts().get("cases")) {
        try (var run = new TenSteps(golden, Golden.object(entry), dtype)) {
          run.check();
        }
      }
    }
  }

  /// One case: its two parameters lie in one arena, with padding behind each.
  private record TenSteps(
      Golden golden,
      Map<String, Object> facts,
      Tensor one,
      Parameters parameters,
      Optimizer optimizer)
      implements AutoCloseable {

    TenSteps(Golden golden, Map<String, Object> facts, DType dtype) {
      this(golden, facts, Tensor.zeros(Devices.underTest().scope(), dtype, Shape.SCALAR));
    }

    private TenSteps(Golden golden, Map<String, Object> facts, Tensor one) {
      this(golden, facts, one, parameters(golden, one));
    }

    private TenSteps(Golden golden, Map<String, Object> facts, Tensor one, Parameters parameters) {
      this(golden, facts, one, parameters, optimizer(facts, labels(golden), parameters));
    }

    private static Parameters parameters(Golden golden, Tensor one) {
      long decayed = (long) Golden.number(golden.facts().get("decayed"));
      long all = golden.shape("weights").count();
      return Parameters.declare()
          .matrix(PARAMETERS.get(0), decayed)
          .plain(PARAMETERS.get(1), all - decayed)
          .allocate(one.scope(), one.dtype());
    }

    private static Optimizer optimizer(
        Map<String, Object> facts, double labels, Parameters parameters) {
      double beta1 = Golden.number(facts.get("beta1"));
      double beta2 = Golden.number(facts.get("beta2"));
      double decay = Golden.number(facts.get("weight_decay"));
      double maxNorm = Golden.number(facts.get("max_norm"));
      if (facts.get("optimizer").equals("lion")) {
        return new Lion(parameters, new Lion.Config(beta1, beta2, decay, maxNorm));
      }
      if (facts.containsKey("rho")) {
        double rho = Golden.number(facts.get("rho"));
        var official = Sophia.Config.official(rho, Golden.number(facts.get("bs")), labels);
        return new Sophia(
            parameters,
            official.withBetas(beta1, beta2).withWeightDecay(decay).withMaxNorm(maxNorm));
      }
      var config =
          new Sophia.Config(
              beta1,
              beta2,
              Golden.number(facts.get("gamma")),
              Golden.number(facts.get("eps")),
              decay,
              maxNorm,
              Sophia.Form.FLOORED,
              (boolean) facts.get("correct_mean"),
              (boolean) facts.get("correct_curvature"));
      return new Sophia(parameters, config);
    }

    private static double labels(Golden golden) {
      return Golden.number(golden.facts().get("labels"));
    }

    void check() {
      var start = golden.tensors().doubles("h");
      if (facts.containsKey("rho")) start = Arrays.stream(start).map(Math::abs).toArray();
      write(parameters.parts().getFirst().weights(), golden.tensors().doubles("weights"));
      write(optimizer.state().get("m"), golden.tensors().doubles("m"));
      if (optimizer instanceof Sophia) write(optimizer.state().get("h"), start);
      var rates = (List<?>) golden.facts().get("rates");
      for (int step = 0; step < rates.size(); step++) step(step, Golden.number(rates.get(step)));
      held("weights", parameters.parts().getFirst().weights());
      held("m", optimizer.state().get("m"));
      if (optimizer instanceof Sophia) held("h", optimizer.state().get("h"));
    }

    private void step(int step, double rate) {
      if (optimizer instanceof Sophia sophia) {
        int refresh = ((List<?>) golden.facts().get("refreshed_before")).indexOf(step);
        if (refresh >= 0) {
          gradients("sampled", refresh);
          sophia.refreshBartlett(counted());
        }
      }
      gradients("gradients", step);
      optimizer.step(rate);
      boolean clips = optimizer.gradientNorm().orElseThrow() > Golden.number(facts.get("max_norm"));
      assertEquals(((List<?>) facts.get("clipped")).get(step), clips);
      if (optimizer instanceof Sophia sophia) {
        double unclipped = Golden.number(((List<?>) facts.get("unclipped")).get(step));
        assertEquals(unclipped / golden.shape("weights").count(), sophia.unclippedShare());
      }
    }

    private MemorySegment counted() {
      try (var host = Arena.ofConfined()) {
        var counted = one.scope().longs(1);
        long labels = (long) labels(golden);
        one.scope().copyToDevice(counted, host.allocateFrom(ValueLayout.JAVA_LONG, labels));
        return counted;
      }
    }

    private void gradients(String name, int row) {
      int count = (int) golden.shape("weights").count();
      var all = golden.tensors().doubles(name);
      write(parameters.gradients(), Arrays.copyOfRange(all, row * count, (row + 1) * count));
      for (var parameter : PARAMETERS) {
        parameters.get(parameter).slot().orElseThrow().fresh(false);
      }
    }

    /// Puts the numbers of both parameters into an arena, and leaves its padding as it is.
    private void write(MemorySegment arena, double[] values) {
      int from = 0;
      for (var name : PARAMETERS) {
        var part = over(arena, name);
        int to = from + (int) part.shape().count();
        part.copyFrom(host(Arrays.copyOfRange(values, from, to)));
        from = to;
      }
    }

    private MemorySegment host(double[] values) {
      if (one.dtype() == DType.F64) return MemorySegment.ofArray(values);
      var floats = new float[values.length];
      for (int i = 0; i < floats.length; i++) floats[i] = (float) values[i];
      return MemorySegment.ofArray(floats);
    }

    private void held(String what, MemorySegment arena) {
      var values =
          PARAMETERS.stream()
              .flatMapToDouble(name -> Arrays.stream(over(arena, name).toDoubles()))
              .toArray();
      var name = facts.get("name") + "." + what;
      double figure = Golden.number(Golden.object(facts.get("fp32_error")).get(what));
      var truth = golden.tensors().doubles(name);
      // That code's h lacks the factor that the estimator has counted.
      if (what.equals("h") && facts.containsKey("rho")) {
        truth = Arrays.stream(truth).map(h -> h * labels(golden)).toArray();
      }
      Golden.assertHeld(name, values, truth, one.dtype(), Golden.GRADIENT, figure);
    }

    private Tensor over(MemorySegment arena, String name) {
      long bytes = parameters.offset(name) * one.dtype().bytes();
      var shape = parameters.get(name).shape();
      return Tensor.over(one.scope(), one.scope().at(arena, bytes), one.dtype(), shape, null);
    }

    @Override
    public void close() {
      one.device().close();
    }
  }
}
