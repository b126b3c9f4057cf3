package dev.gatun.laws;

/// The tangents of attention and of its pullback as they are written down, with every score
/// in memory, in double. Beside each result stands how large the terms are whose sum it is,
/// before they cancel: `wide` of those that an implementation rounds in the type it computes
/// in, `narrow` of those whose weights tensor cores take in bf16.
final class DenseAttention {
  /// Sizes, and where documents begin and end, counted through all sequences.
  record Problem(
      int batch, int context, int heads, int size, double scale, boolean causal, int[] bounds) {
    int positions() {
      return batch * context;
    }

    int width() {
      return heads * size;
    }

    boolean sees(int sequence, int query, int key) {
      if (causal && key > query) return false;
      return document(sequence * context + query) == document(sequence * context + key);
    }

    private int document(int position) {
      int d = 0;
      while (d + 1 < bounds.length && bounds[d + 1] <= position) d++;
      return d;
    }

    int packed(int sequence, int head, int part, int t, int c) {
      return ((sequence * context + t) * 3 + part) * width() + head * size + c;
    }

    int output(int sequence, int head, int t, int c) {
      return (sequence * context + t) * width() + head * size + c;
    }

    int statistic(int sequence, int head, int t) {
      return (sequence * heads + head) * context + t;
    }

    @Override
    public String toString() {
      return "%d x %d, %d heads of %d, scale %s, causal %s, bounds %s"
          .formatted(batch, context, heads, size, scale, causal, java.util.Arrays.toString(bounds));
    }
  }

  /// What the pullback reads, or tangents of that.
  record Arrays(double[] qkv, double[] y, double[] lse, double[] dy) {}

  /// A sum and the sizes of its terms.
  record Sums(double[] value, double[] wide, double[] narrow) {
    Sums(int count) {
      this(new double[count], new double[count], new double[count]);
    }

    /// Adds weight * factor, where the weight is known as well as `size` is.
    void add(int at, double weight, double size, double factor) {
      value[at] += weight * factor;
      wide[at] += size * Math.abs(factor);
      narrow[at] += Math.abs(weight * factor);
    }

    void scale(int at, double factor) {
      value[at] *= factor;
      wide[at] *= Math.abs(factor);
      narrow[at] *= Math.abs(factor);
    }
  }

  record Tangents(Sums ty, Sums tlse) {}

  private final Problem p;
  private final Arrays x;
  private final Arrays tx;

  /// A number and the size of the terms that it is a sum of.
  private record Sized(double value, double size) {}

  /// What a query and a key make of each other.
  private record Pair(Sized weight, Sized tscore) {}

  DenseAttention(Problem p, Arrays x, Arrays tx) {
    this.p = p;
    this.x = x;
    this.tx = tx;
  }

  private Sized dot(double[] a, int at, double[] b, int bt) {
    double value = 0;
    double size = 0;
    for (int c = 0; c < p.size; c++) {
      value += a[at + c] * b[bt + c];
      size += Math.abs(a[at + c] * b[bt + c]);
    }
    return new Sized(value, size);
  }

  private static Sized sum(Sized a, Sized b) {
    return new Sized(a.value + b.value, a.size + b.size);
  }

  private static Sized difference(Sized a, Sized b) {
    return new Sized(a.value - b.value, a.size + b.size);
  }

  /// Of an error of one last place in each term of a factor.
  private static Sized product(Sized a, Sized b) {
    return new Sized(a.value * b.value, a.size * Math.abs(b.value) + Math.abs(a.value) * b.size);
  }

  private Sized times(double factor, Sized a) {
    return new Sized(factor * a.value, Math.abs(factor) * a.size);
  }

  private static Sized exact(double value) {
    return new Sized(value, Math.abs(value));
  }

  private Pair pair(int b, int h, int query, int key) {
    int q = p.packed(b, h, 0, query, 0);
    int k = p.packed(b, h, 1, key, 0);
    var exponent =
        difference(times(p.scale, dot(x.qkv, q, x.qkv, k)), exact(x.lse[p.statistic(b, h, query)]));
    double weight = Math.exp(exponent.value);
    var tscore = times(p.scale, sum(dot(tx.qkv, q, x.qkv, k), dot(x.qkv, q, tx.qkv, k)));
    return new Pair(new Sized(weight, weight * (1 + exponent.size)), tscore);
  }

  private interface Visit {
    void visit(int sequence, int head, int query, int key);
  }

  private void overPairs(Visit visit) {
    for (int b = 0; b < p.batch; b++) {
      for (int h = 0; h < p.heads; h++) {
        for (int query = 0; query < p.context; query++) {
          for (int key = 0; key < p.context; key++) {
            if (p.sees(b, query, key)) visit.visit(b, h, query, key);
          }
        }
      }
    }
  }

  Tangents tangents() {
    var ty = new Sums(p.positions() * p.width());
    var tlse = new Sums(p.positions() * p.heads);
    overPairs(
        (b, h, query, key) -> {
          var pair = pair(b, h, query, key);
          var weighted = product(pair.weight, pair.tscore);
          tlse.add(p.statistic(b, h, query), weighted.value, weighted.size, 1);
          for (int c = 0; c < p.size; c++) {
            int to = p.output(b, h, query, c);
            int value = p.packed(b, h, 2, key, c);
            ty.add(to, weighted.value, weighted.size, x.qkv[value]);
            ty.add(to, pair.weight.value, pair.weight.size, tx.qkv[value]);
          }
        });
    for (int b = 0; b < p.batch; b++) {
      for (int h = 0; h < p.heads; h++) {
        for (int t = 0; t < p.context; t++) {
          int row = p.statistic(b, h, t);
          for (int c = 0; c < p.size; c++) {
            int to = p.output(b, h, t, c);
            ty.value[to] -= tlse.value[row] * x.y[to];
            ty.wide[to] += tlse.wide[row] * Math.abs(x.y[to]);
          }
        }
      }
    }
    return new Tangents(ty, tlse);
  }

  Sums pullbackTangents() {
    var sums = new Sums(p.positions() * 3 * p.width());
    overPairs(
        (b, h, query, key) -> {
          var pair = pair(b, h, query, key);
          int row = p.statistic(b, h, query);
          int y = p.output(b, h, query, 0);
          int v = p.packed(b, h, 2, key, 0);
          var dweight = difference(dot(x.dy, y, x.qkv, v), dot(x.dy, y, x.y, y));
          var tdweight =
              difference(
                  sum(dot(tx.dy, y, x.qkv, v), dot(x.dy, y, tx.qkv, v)),
                  sum(dot(tx.dy, y, x.y, y), dot(x.dy, y, tx.y, y)));
          var tweight = product(pair.weight, difference(pair.tscore, exact(tx.lse[row])));
          var dscore = product(pair.weight, dweight);
          var tdscore = sum(product(tweight, dweight), product(pair.weight, tdweight));
          for (int c = 0; c < p.size; c++) {
            int q = p.packed(b, h, 0, query, c);
            int k = p.packed(b, h, 1, key, c);
            sums.add(q, tdscore.value, tdscore.size, x.qkv[k]);
            sums.add(q, dscore.value, dscore.size, tx.qkv[k]);
            sums.add(k, tdscore.value, tdscore.size, x.qkv[q]);
            sums.add(k, dscore.value, dscore.size, tx.qkv[q]);
            sums.add(v + c, tweight.value, tweight.size, x.dy[y + c]);
            sums.add(v + c, pair.weight.value, pair.weight.size, tx.dy[y + c]);
          }
        });
    for (int t = 0; t < p.positions(); t++) {
      for (int c = 0; c < 2 * p.width(); c++) sums.scale(t * 3 * p.width() + c, p.scale);
    }
    return sums;
  }
}
