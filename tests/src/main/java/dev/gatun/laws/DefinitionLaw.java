package dev.gatun.laws;

import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/// Values and gradients are what the op's definition says, to the error that arithmetic of the type
/// makes. The measure is the definition itself, evaluated with every step rounded to fp32, against
/// its fp64 evaluation, in norm: values may err by twice as much, gradients by three times; in fp64
/// 26 bits less, three bits short of the difference of the types, since there the definition errs
/// too. Small results are pooled over several draws, lest the measure be right by chance. What the
/// rounded definition computes exactly must be exact, unless it is a zero left of terms that
/// cancel.
public final class DefinitionLaw implements Law {
  private static final double UNIT = 0x1p-24;
  private static final double SINGLE_TO_DOUBLE = 0x1p-26;
  private static final double CANCELLED = 0x1p-12;
  private static final int POOLED = 64;
  private static final int MOST_DRAWS = 16;

  private record Results(double[][] values, double[][] gradients) {}

  /// Squared norms over all draws for one output.
  private static final class Errors {
    double size;
    double reference;
    double single;
    double wide;
    long count;
  }

  @Override
  public void check(Device device, OpSample sample) {
    var values = new ArrayList<Errors>();
    var gradients = new ArrayList<Errors>();
    var random = sample.random();
    var single = new OpRun(device, sample, DType.F32);
    var wide = new OpRun(device, sample, DType.F64);
    for (int draw = 0; draw < MOST_DRAWS && (draw == 0 || needsMore(values, gradients)); draw++) {
      var x = sample.draw(random);
      var cotangents = single.drawCotangents(random);
      var exact = defined(sample, x, cotangents, false);
      var rounded = defined(sample, x, cotangents, true);
      var in32 = computed(single, x, cotangents);
      var in64 = computed(wide, x, cotangents);
      add(values, exact.values, rounded.values, in32.values, in64.values);
      add(gradients, exact.gradients, rounded.gradients, in32.gradients, in64.gradients);
    }
    judge(sample, "value", values, 2);
    judge(sample, "gradient", gradients, 3);
  }

  private static boolean needsMore(List<Errors> values, List<Errors> gradients) {
    for (var errors : values) if (errors.count < POOLED) return true;
    for (var errors : gradients) if (errors.count < POOLED) return true;
    return false;
  }

  private static Results computed(OpRun run, double[][] x, double[][] cotangents) {
    var forward = run.forward(x);
    var gradients = run.pull(run.reads(x, forward), cotangents, run.overwriting(Double.NaN));
    return new Results(forward.values(), gradients);
  }

  private static Results defined(
      OpSample sample, double[][] x, double[][] cotangents, boolean single) {
    var s = new Scalars(single);
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

  private static void add(
      List<Errors> list, double[][] exact, double[][] rounded, double[][] in32, double[][] in64) {
    for (int i = 0; i < exact.length; i++) {
      if (list.size() == i) list.add(new Errors());
      var errors = list.get(i);
      errors.size += Norms.dot(exact[i], exact[i]);
      errors.reference += Norms.squaredDistance(rounded[i], exact[i]);
      errors.single += Norms.squaredDistance(in32[i], exact[i]);
      errors.wide += Norms.squaredDistance(in64[i], exact[i]);
      errors.count += exact[i].length;
    }
  }

  private static void judge(OpSample sample, String what, List<Errors> list, int multiple) {
    for (int i = 0; i < list.size(); i++) {
      var errors = list.get(i);
      double size = Math.sqrt(errors.size);
      double least = errors.reference == 0 ? 0 : UNIT * size;
      double reference = size == 0 ? CANCELLED : Math.max(Math.sqrt(errors.reference), least);
      judge(sample, what + " " + i + " in fp32", errors.single, multiple * reference, size);
      judge(
          sample,
          what + " " + i + " in fp64",
          errors.wide,
          multiple * reference * SINGLE_TO_DOUBLE,
          size);
    }
  }

  private static void judge(
      OpSample sample, String what, double squaredError, double allowed, double size) {
    double error = Math.sqrt(squaredError);
    sample.require(
        error <= allowed,
        "%s errs by %.3g where %.3g is allowed, of a norm of %.3g",
        what,
        error,
        allowed,
        size);
  }
}
