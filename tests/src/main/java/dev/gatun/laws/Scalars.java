package dev.gatun.laws;

import java.util.Arrays;

/// Scalar arithmetic that remembers itself and can be differentiated: the reference to which
/// kernels are compared. Numbers are handles. Rounded as fp32 or bf16 arithmetic rounds, it tells
/// the error that a plain kernel of that type makes.
public final class Scalars {
  private static final int NONE = -1;

  /// How results are rounded, forward and backward.
  public enum Precision {
    /// As fp64.
    EXACT,
    /// Each to fp32.
    F32,
    /// Each to fp32, and to bf16 what a kernel stores.
    BF16
  }

  private final Precision precision;
  private double[] value = new double[1024];
  private double[] byLeft = new double[1024];
  private double[] byRight = new double[1024];
  private int[] left = new int[1024];
  private int[] right = new int[1024];
  private boolean[] stored = new boolean[1024];
  private int count;

  public Scalars(Precision precision) {
    this.precision = precision;
  }

  public double value(int a) {
    return value[a];
  }

  public int constant(double x) {
    return add(x, NONE, 0, NONE, 0);
  }

  public int plus(int a, int b) {
    return add(value[a] + value[b], a, 1, b, 1);
  }

  public int minus(int a, int b) {
    return add(value[a] - value[b], a, 1, b, -1);
  }

  public int times(int a, int b) {
    return add(value[a] * value[b], a, value[b], b, value[a]);
  }

  public int over(int a, int b) {
    double quotient = value[a] / value[b];
    return add(quotient, a, 1 / value[b], b, -quotient / value[b]);
  }

  /// a plus a number.
  public int shifted(int a, double b) {
    return add(value[a] + round(b), a, 1, NONE, 0);
  }

  /// a times a number.
  public int scaled(int a, double b) {
    return add(value[a] * round(b), a, b, NONE, 0);
  }

  /// a over a number.
  public int divided(int a, double b) {
    return add(value[a] / round(b), a, 1 / round(b), NONE, 0);
  }

  public int exp(int a) {
    double y = Math.exp(value[a]);
    return add(y, a, y, NONE, 0);
  }

  public int log(int a) {
    return add(Math.log(value[a]), a, 1 / value[a], NONE, 0);
  }

  public int tanh(int a) {
    double y = Math.tanh(value[a]);
    return add(y, a, 1 - y * y, NONE, 0);
  }

  public int sqrt(int a) {
    double y = Math.sqrt(value[a]);
    return add(y, a, 0.5 / y, NONE, 0);
  }

  /// x where it is positive, else 0.
  public int relu(int a) {
    return add(Math.max(value[a], 0), a, value[a] > 0 ? 1 : 0, NONE, 0);
  }

  /// The same number, after a kernel of the op has written it to an array of activations and read
  /// it again; its gradient goes the same way back.
  public int stored(int a) {
    if (!inBf16()) return a;
    int copy = add(Bf16.nearest(value[a]), a, 1, NONE, 0);
    stored[copy] = true;
    return copy;
  }

  public int[] stored(int[] a) {
    return Arrays.stream(a).map(this::stored).toArray();
  }

  /// The sum of `a`, from the first to the last; 0 of none.
  public int sum(int... a) {
    if (a.length == 0) return constant(0);
    int sum = a[0];
    for (int i = 1; i < a.length; i++) sum = plus(sum, a[i]);
    return sum;
  }

  public int[] constants(double[] x) {
    return Arrays.stream(x).mapToInt(this::constant).toArray();
  }

  public double[] values(int[] a) {
    return Arrays.stream(a).mapToDouble(this::value).toArray();
  }

  /// The gradient by every handle of the sum over `outputs` of output times cotangent.
  public double[] gradients(int[][] outputs, double[][] cotangents) {
    var gradient = new double[count];
    for (int i = 0; i < outputs.length; i++) {
      for (int j = 0; j < outputs[i].length; j++) {
        gradient[outputs[i][j]] = round(gradient[outputs[i][j]] + cotangents[i][j]);
      }
    }
    for (int i = count - 1; i >= 0; i--) {
      if (gradient[i] == 0) continue;
      if (stored[i]) gradient[i] = Bf16.nearest(gradient[i]);
      pass(gradient, left[i], gradient[i], byLeft[i]);
      pass(gradient, right[i], gradient[i], byRight[i]);
    }
    return gradient;
  }

  private void pass(double[] gradient, int to, double cotangent, double slope) {
    if (to != NONE) gradient[to] = round(gradient[to] + round(cotangent * slope));
  }

  private double round(double x) {
    return precision == Precision.EXACT ? x : (float) x;
  }

  private boolean inBf16() {
    return precision == Precision.BF16;
  }

  private int add(double x, int a, double byA, int b, double byB) {
    if (count == value.length) grow();
    value[count] = round(x);
    left[count] = a;
    right[count] = b;
    byLeft[count] = round(byA);
    byRight[count] = round(byB);
    return count++;
  }

  private void grow() {
    value = Arrays.copyOf(value, 2 * count);
    byLeft = Arrays.copyOf(byLeft, 2 * count);
    byRight = Arrays.copyOf(byRight, 2 * count);
    stored = Arrays.copyOf(stored, 2 * count);
    left = Arrays.copyOf(left, 2 * count);
    right = Arrays.copyOf(right, 2 * count);
  }
}
