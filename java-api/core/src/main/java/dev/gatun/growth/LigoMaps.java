package dev.gatun.growth;

import dev.gatun.memory.Scope;
import dev.gatun.nn.Parameters;
import dev.gatun.op.LayerMix;
import dev.gatun.op.MatMul;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/// An operator's maps, and what each does to a matrix. All that is learned are parameters: an
/// optimizer over them has no other state.
final class LigoMaps {
  private final LigoShape shape;
  private final Parameters parameters;

  /// What the rows begin with that are not learned.
  private final Map<LigoMap, Tensor> units = new EnumMap<>(LigoMap.class);

  private final Optional<Tensor> queryScales;

  private LigoMaps(LigoShape shape, Parameters parameters) {
    this.shape = shape;
    this.parameters = parameters;
    for (var map : LigoMap.values()) {
      boolean whole = shape.learned(map) == shape.large(map);
      if (shape.isLearned(map) && !whole) units.put(map, unit(shape.small(map)));
    }
    queryScales = shape.source().scaledByLayer() ? Optional.of(queryScales()) : Optional.empty();
  }

  static LigoMaps create(LigoShape shape, LigoStart start, Scope scope, DType dtype) {
    var parameters = shape.declarations().allocate(scope, dtype);
    for (var map : LigoMap.values()) {
      if (shape.isLearned(map)) begin(parameters.get(map.word()), shape, start, map);
    }
    for (var name : shape.depths()) parameters.get(name).copyFrom(start.depth(shape, name));
    return new LigoMaps(shape, parameters);
  }

  /// Writes the rows that are learned, one map of the kind after the other.
  private static void begin(Tensor all, LigoShape shape, LigoStart start, LigoMap map) {
    int each = Math.toIntExact(shape.learned(map) * shape.small(map));
    long bytes = (long) each * all.dtype().bytes();
    for (int which = 0; which < shape.maps(map); which++) {
      var whole = start.width(shape, map, which);
      var at = all.scope().at(all.data(), which * bytes);
      Tensor.over(all.scope(), at, all.dtype(), Shape.of(each), null)
          .copyFrom(Arrays.copyOfRange(whole, whole.length - each, whole.length));
    }
  }

  /// Where attention in layer l is scaled by 1 / (l + 1), from 0, queries that move from j to i are
  /// scaled by (i + 1) / (j + 1): their scores are what they were.
  private Tensor queryScales() {
    int large = shape.target().layers();
    int small = shape.source().layers();
    var scales = new double[large * small];
    for (int i = 0; i < scales.length; i++) scales[i] = (i / small + 1.0) / (i % small + 1);
    return constant(Shape.of(large, small), scales);
  }

  private Tensor unit(long size) {
    var elements = new double[Math.toIntExact(size * size)];
    for (int i = 0; i < size; i++) elements[Math.toIntExact(i * (size + 1))] = 1;
    return constant(Shape.of(size, size), elements);
  }

  private Tensor constant(Shape shape, double[] elements) {
    var tensor = Tensor.uninitialized(parameters.scope(), parameters.dtype(), shape);
    tensor.copyFrom(elements);
    return tensor;
  }

  Parameters parameters() {
    return parameters;
  }

  /// The larger network's matrices of a part, one behind the other, from the smaller one's.
  Tensor mixed(LigoPart part, Tensor layers) {
    var weights = parameters.get(shape.depth(part));
    if (part.isOfQueries() && queryScales.isPresent()) weights = weights.times(queryScales.get());
    return new LayerMix().apply(weights, layers).getFirst();
  }

  /// B W Aᵀ by the maps of a layer; the order is the one with the fewest products.
  Tensor widened(LigoPart part, Tensor matrix, int layer) {
    if (part.rows().filter(shape::isOfWholeHeads).isPresent()) {
      return acrossRows(part, acrossColumns(part, matrix), layer);
    }
    return acrossColumns(part, acrossRows(part, matrix, layer));
  }

  private Tensor acrossColumns(LigoPart part, Tensor matrix) {
    return part.residual() ? alongResidual(matrix) : matrix;
  }

  /// W Aᵀ for the map A of the residual stream.
  Tensor alongResidual(Tensor matrix) {
    return shape.isLearned(LigoMap.RESIDUAL)
        ? new MatMul(false, true).apply(matrix, map(LigoMap.RESIDUAL, 0)).getFirst()
        : matrix;
  }

  private Tensor acrossRows(LigoPart part, Tensor matrix, int layer) {
    var map = part.rows().filter(shape::isLearned);
    if (map.isEmpty()) return matrix;
    var rows = map(map.get(), layer);
    return shape.isOfWholeHeads(map.get())
        ? new LayerMix().apply(rows, matrix).getFirst()
        : rows.matmul(matrix);
  }

  /// The map that serves a layer.
  private Tensor map(LigoMap map, int layer) {
    var all = parameters.get(map.word());
    long rows = shape.learned(map);
    var learned = shape.maps(map) == 1 ? all : all.slice(0, layer * rows, rows);
    return rows == shape.large(map) ? learned : units.get(map).concatenate(learned, 0);
  }
}
