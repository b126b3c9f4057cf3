package dev.gatun.growth;

import dev.gatun.nn.Gpt;
import dev.gatun.nn.Parameters;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// LiGO's formulas on arrays in Java, the larger weights one after the other: what the operator is
/// compared with. Matrices are (out, in), as the paper has them.
final class PlainLigo {
  private static final String NO_INPUT = "none";

  private final Gpt source;
  private final LigoShape shape;
  private final Parameters maps;
  private final Map<String, double[]> grown = new LinkedHashMap<>();

  private PlainLigo(Gpt source, LigoShape shape, Parameters maps) {
    this.source = source;
    this.shape = shape;
    this.maps = maps;
  }

  /// The larger network's parameters as they are stored.
  static Map<String, double[]> grown(Gpt source, LigoShape shape, Parameters maps) {
    var plain = new PlainLigo(source, shape, maps);
    plain.grow();
    return plain.grown;
  }

  private void grow() {
    var residual = map("residual", 0);
    for (var name : new String[] {"wte.weight", "wpe.weight", "lm_head.weight"}) {
      if (!source.parameters().names().contains(name)) continue;
      int width = source.config().width();
      grown.put(name, flat(times(cut(weights(name), width), transposed(residual))));
    }
    vector("ln_f.weight", residual);
    vector("ln_f.bias", residual);
    for (int layer = 0; layer < shape.target().layers(); layer++) {
      for (var norm : new String[] {"ln_1", "ln_2"}) {
        into(layer, norm + ".weight", norm, null, null);
        into(layer, norm + ".bias", norm, null, null);
      }
      attentionProducts(layer);
      matrix(layer, "attn.c_proj", "attn.c_proj", null, "values");
      matrix(layer, "mlp.c_fc", "mlp.c_fc", "hidden", null);
      matrix(layer, "mlp.c_proj", "mlp.c_proj", null, "hidden");
    }
  }

  private void vector(String name, double[][] map) {
    if (source.parameters().names().contains(name)) {
      grown.put(name, flat(times(map, column(weights(name)))));
    }
  }

  /// A weight and its bias; a map of null is that of the residual stream.
  private void matrix(int layer, String name, String depth, String out, String in) {
    into(layer, name + ".weight", depth, out, in);
    into(layer, name + ".bias", depth, out, null);
  }

  private void into(int layer, String part, String depth, String out, String in) {
    boolean bias = !part.contains("c_") || part.endsWith(".bias");
    if (!source.parameters().names().contains("h.0." + part)) return;
    var sum =
        sum(
            layer,
            depth,
            part.endsWith(".bias"),
            out,
            bias ? NO_INPUT : in,
            j -> {
              var stored = weights("h." + j + "." + part);
              return bias ? column(stored) : transposed(cut(stored, cols("h." + j + "." + part)));
            });
    grown.put("h." + layer + "." + part, flat(bias ? sum : transposed(sum)));
  }

  /// Queries, keys and values are columns of one stored matrix.
  private void attentionProducts(int layer) {
    var names = new String[] {"queries", "keys", "values"};
    int width = shape.target().width();
    int small = source.config().width();
    for (var end : new String[] {".weight", ".bias"}) {
      var name = "attn.c_attn" + end;
      if (!source.parameters().names().contains("h.0." + name)) continue;
      boolean bias = end.equals(".bias");
      var stored = new double[bias ? 1 : width][3 * width];
      for (int k = 0; k < 3; k++) {
        int third = k;
        var part =
            sum(
                layer,
                "attn." + names[k],
                bias,
                names[k],
                bias ? NO_INPUT : null,
                j -> {
                  var all = transposed(cut(weights("h." + j + "." + name), 3 * small));
                  return Arrays.copyOfRange(all, third * small, (third + 1) * small);
                });
        for (int in = 0; in < stored.length; in++) {
          for (int out = 0; out < width; out++) stored[in][k * width + out] = part[out][in];
        }
      }
      grown.put("h." + layer + "." + name, flat(stored));
    }
  }

  private interface Layers {
    double[][] of(int layer);
  }

  /// Σ_j w_ij B W_j Aᵀ, with B and A of layer j, of layer i or of none.
  private double[][] sum(int i, String depth, boolean bias, String out, String in, Layers layers) {
    boolean own = bias && shape.form() == LigoForm.RELEASED;
    var weights = weights(maps, "depth." + depth + (own ? ".bias" : ""));
    int smalls = source.config().layers();
    double[][] total = null;
    for (int j = 0; j < smalls; j++) {
      int at = shape.form() == LigoForm.PAPER ? j : shape.form() == LigoForm.RELEASED ? i : 0;
      double weight = weights[i * smalls + j];
      boolean queries = depth.equals("attn.queries");
      if (queries && source.config().scaledByLayer()) weight *= (i + 1.0) / (j + 1);
      var wide = times(map(out == null ? "residual" : out, at), layers.of(j));
      if (!NO_INPUT.equals(in))
        wide = times(wide, transposed(map(in == null ? "residual" : in, at)));
      if (total == null) total = new double[wide.length][wide[0].length];
      for (int a = 0; a < wide.length; a++) {
        for (int b = 0; b < wide[0].length; b++) total[a][b] += weight * wide[a][b];
      }
    }
    return total;
  }

  /// The whole map of a layer, heads spelled out as columns.
  private double[][] map(String name, int layer) {
    var map = LigoMap.valueOf(name.toUpperCase(Locale.ROOT));
    int small = Math.toIntExact(shape.small(map));
    int large = Math.toIntExact(shape.large(map));
    int learned = Math.toIntExact(shape.learned(map));
    var whole = new double[large][small];
    for (int i = 0; i < large - learned; i++) whole[i][i] = 1;
    if (learned > 0) {
      var all = weights(maps, name);
      int first = shape.maps(map) == 1 ? 0 : layer * learned * small;
      for (int i = 0; i < learned; i++) {
        System.arraycopy(all, first + i * small, whole[large - learned + i], 0, small);
      }
    }
    return shape.isOfWholeHeads(map) ? blocks(whole, source.config().headSize()) : whole;
  }

  /// Each number becomes so many times the unit matrix.
  private static double[][] blocks(double[][] heads, int size) {
    var blocks = new double[heads.length * size][heads[0].length * size];
    for (int i = 0; i < blocks.length; i++) {
      for (int j = i % size; j < blocks[0].length; j += size) {
        blocks[i][j] = heads[i / size][j / size];
      }
    }
    return blocks;
  }

  private double[] weights(String name) {
    return weights(source.parameters(), name);
  }

  private static double[] weights(Parameters parameters, String name) {
    return parameters.get(name).toDoubles();
  }

  private int cols(String name) {
    return Math.toIntExact(source.parameters().get(name).shape().size(-1));
  }

  // ---- matrices

  static double[][] times(double[][] a, double[][] b) {
    var c = new double[a.length][b[0].length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < b[0].length; j++) {
        for (int k = 0; k < b.length; k++) c[i][j] += a[i][k] * b[k][j];
      }
    }
    return c;
  }

  static double[][] transposed(double[][] a) {
    var b = new double[a[0].length][a.length];
    for (int i = 0; i < a.length; i++) for (int j = 0; j < a[0].length; j++) b[j][i] = a[i][j];
    return b;
  }

  static double[][] cut(double[] elements, int cols) {
    var rows = new double[elements.length / cols][cols];
    for (int i = 0; i < elements.length; i++) rows[i / cols][i % cols] = elements[i];
    return rows;
  }

  private static double[][] column(double[] elements) {
    return cut(elements, 1);
  }

  static double[] flat(double[][] a) {
    var all = new double[a.length * a[0].length];
    for (int i = 0; i < all.length; i++) all[i] = a[i / a[0].length][i % a[0].length];
    return all;
  }
}
