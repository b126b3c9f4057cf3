package dev.gatun.laws;

import dev.gatun.laws.Scalars.Precision;
import dev.gatun.memory.Device;
import dev.gatun.op.Spec;
import dev.gatun.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/// Values and gradients are what the op's definition says, to the error that arithmetic of the type
/// makes. The measure is the definition itself, evaluated with its steps rounded as the type does,
/// against its fp64 evaluation, in norm: values may err by twice as much, gradients by three times.
/// In fp64 the measure is that of fp32 less 26 bits, three bits short of the difference of the
/// types, since there the definition errs too; in bf16 arithmetic is that of fp32, and arrays of
/// activations are rounded. Small results are pooled over several draws, lest the measure be right
/// by chance. What the rounded definition computes exactly must be exact, unless it is a zero left
/// of terms that cancel.
public final class DefinitionLaw implements Law {
  private static final double UNIT = 0x1p-24;
  private static final double SINGLE_TO_DOUBLE = 0x1p-26;
  private static final double CANCELLED = 0x1p-12;
  private static final int POOLED = 64;
  private static final int MOST_DRAWS = 16;

  private record Results(double[][] values, double[][] gradients) {}

  @Override
  public void check(Device device, OpSample sample) {
    var trials = new ArrayList<Trial>();
    trials.add(new Trial(device, sample, DType.F32, Precision.F32, 1));
    trials.add(new Trial(device, sample, DType.F64, Precision.F32, SINGLE_TO_DOUBLE));
    trials.add(new Trial(device, sample, DType.BF16, Precision.BF16, 1));
    for (var trial : trials) {
      var random = sample.random();
      for (int draw = 0; draw < MOST_DRAWS && trial.needsMore(); draw++) {
        var x = sample.draw(random);
        trial.add(x, trial.run.drawCotangents(random));
      }
      trial.judge();
    }
  }

  /// One type: what the device computes in it, and the errors that its arithmetic makes.
  private static final class Trial {
    final OpRun run;
    private final OpSample sample;
    private final DType dtype;
    private final Precision precision;
    private final double scale;
    private final List<Errors> values = new ArrayList<>();
    private final List<Errors> gradients = new ArrayList<>();

    Trial(Device device, OpSample sample, DType dtype, Precision precision, double scale) {
      this.run = new OpRun(device, sample, dtype);
      this.sample = sample;
      this.dtype = dtype;
      this.precision = precision;
      this.scale = scale;
    }

    boolean needsMore() {
      if (values.isEmpty()) return true;
      for (var errors : values) if (errors.count < POOLED) return true;
      for (var errors : gradients) if (errors.count < POOLED) return true;
      return false;
    }

    void add(double[][] drawn, double[][] drawnCotangents) {
      var x = stored(sample.specs(dtype), drawn);
      var cotangents = stored(run.values(), drawnCotangents);
      var exact = defined(sample, x, cotangents, Precision.EXACT);
      var rounded = defined(sample, x, cotangents, precision);
      var forward = run.forward(x);
      var pulled = run.pull(run.reads(x, forward), cotangents, run.overwriting(Double.NaN));
      var referenceValues = stored(run.values(), rounded.values);
      var referenceGradients = stored(run.gradients(), rounded.gradients);
      add(values, exact.values, referenceValues, forward.values());
      add(gradients, exact.gradients, referenceGradients, pulled);
    }

    private static void add(
        List<Errors> list, double[][] exact, double[][] reference, double[][] computed) {
      for (int i = 0; i < exact.length; i++) {
        if (list.size() == i) list.add(new Errors());
        list.get(i).add(exact[i], reference[i], computed[i]);
      }
    }

    void judge() {
      for (int i = 0; i < values.size(); i++) judge("value " + i, values.get(i), 2);
      for (int i = 0; i < gradients.size(); i++) judge("gradient " + i, gradients.get(i), 3);
    }

    private void judge(String what, Errors errors, int multiple) {
      double error = Math.sqrt(errors.computed);
      double allowed = multiple * scale * errors.measure();
      sample.require(
          error <= allowed,
          "%s in %s errs by %.3g where %.3g is allowed, of a norm of %.3g",
          what,
          dtype,
          error,
          allowed,
          Math.sqrt(errors.size));
    }
  }

  /// Squared norms over all draws for one output.
  private static final class Errors {
    double size;
    double reference;
    double computed;
    long count;

    void add(double[] exact, double[] rounded, double[] found) {
      size += Norms.dot(exact, exact);
      reference += Norms.squaredDistance(rounded, exact);
      computed += Norms.squaredDistance(found, exact);
      count += exact.length;
    }

    double measure() {
      if (size == 0) return CANCELLED;
      double least = reference == 0 ? 0 : UNIT * Math.sqrt(size);
      return Math.max(Math.sqrt(reference), least);
    }
  }

  /// Numbers as arrays of these types hold them.
  private static double[][] stored(List<Spec> specs, double[][] exact) {
    var held = exact.clone();
    for (int i = 0; i < held.length; i++) {
      if (specs.get(i).dtype() != DType.BF16) continue;
      held[i] = exact[i].clone();
      for (int j = 0; j < held[i].length; j++) held[i][j] = Bf16.nearest(exact[i][j]);
    }
    return held;
  }

  private static Results defined(
      OpSample sample, double[][] x, double[][] cotangents, Precision precision) {
    var s = new Scalars(precision);
    var arguments = new int[x.length][];
    for (int i = 0; i < x.length; i++) {
      arguments[i] = isFloating(sample, i) ? s.constants(x[i]) : integers(x[i]);
    }
    var outputs = sample.definition().of(s, sample.shapes(), arguments);
    var values = new double[outputs.length][];
    for (int i = 0; i < outputs.length; i++) values[i] = s.values(outputs[i]);
    var all = s.gradients(outputs, cotangents);
    var gradients = new ArrayList<double[]>();
    for (int i = 0; i < x.length; i++) {
      if (!isFloating(sample, i)) continue;
      var gradient = new double[x[i].length];
      for (int j = 0; j < gradient.length; j++) gradient[j] = all[arguments[i][j]];
      gradients.add(gradient);
    }
    return new Results(values, gradients.toArray(double[][]::new));
  }

  private static boolean isFloating(OpSample sample, int argument) {
    return sample.arguments().get(argument).dtype(DType.F64).isFloating();
  }

  private static int[] integers(double[] x) {
    var integers = new int[x.length];
    for (int i = 0; i < x.length; i++) integers[i] = (int) x[i];
    return integers;
  }
}
