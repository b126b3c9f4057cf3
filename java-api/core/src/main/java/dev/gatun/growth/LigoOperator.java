package dev.gatun.growth;

import dev.gatun.InvalidArgument;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// LiGO (Wang et al. 2023, arXiv 2303.00980): the weights of a larger network as a linear function
/// of a smaller one's, by maps that can be learned. The smaller one is frozen: it must stay
/// open and as it is.
///
/// ```
/// W'_i = B (Σ_j w_ij W_j) Aᵀ          as a linear layer's weight (out, in) is
/// b'_i = B (Σ_j w_ij b_j)
/// ```
///
/// Everything in or beside the residual stream has one map, `residual`: embeddings, norms, the
/// input of what reads from the stream and the output of what writes into it. The head is the token
/// embedding, and so it is mapped.
public final class LigoOperator {
  private final Gpt source;
  private final LigoShape shape;
  private final LigoMaps maps;

  /// The smaller network's matrices of each part, one behind the other.
  private final Map<LigoPart, Tensor> stacks;

  private LigoOperator(Gpt source, LigoShape shape, LigoMaps maps, Map<LigoPart, Tensor> stacks) {
    this.source = source;
    this.shape = shape;
    this.maps = maps;
    this.stacks = stacks;
  }

  /// In memory of `scope`: the maps with their gradients, and the weights of the source's blocks
  /// once more. `source` must be of the shape's source.
  ///
  /// @throws dev.gatun.InvalidArgument if `start` cannot begin such maps
  public static LigoOperator create(Gpt source, LigoShape shape, LigoStart start, Scope scope) {
    Larger.requireSame(source.config(), shape.source());
    Larger.requireWide(source.parameters().dtype());
    var maps = LigoMaps.create(shape, start, scope, source.parameters().dtype());
    var stacks = new LinkedHashMap<LigoPart, Tensor>();
    for (var part : shape.parts()) stacks.put(part, stack(source, part, scope));
    return new LigoOperator(source, shape, maps, stacks);
  }

  private static Tensor stack(Gpt source, LigoPart part, Scope scope) {
    var config = source.config();
    long rows = part.rows(config);
    long count = rows * part.cols(config);
    var dtype = source.parameters().dtype();
    var stack =
        Tensor.uninitialized(scope, dtype, Shape.of(config.layers() * rows, part.cols(config)));
    for (int layer = 0; layer < config.layers(); layer++) {
      try (var _ = source.device().scope()) {
        var parameter = source.parameters().get(name(layer, part.parameter()));
        copy(stack, layer * count, part.matrix(parameter, config));
      }
    }
    return stack;
  }

  private static String name(int layer, String parameter) {
    return "h." + layer + "." + parameter;
  }

  /// Over the elements of `to` from `offset` on.
  private static void copy(Tensor to, long offset, Tensor from) {
    var device = to.device();
    int element = to.dtype().bytes();
    var address = to.scope().at(to.data(), offset * element);
    long bytes = from.shape().count() * element;
    device.kernels().copy(device.stream().handle(), address, from.data(), bytes);
  }

  public LigoShape shape() {
    return shape;
  }

  /// The maps, as [LigoShape#declarations] names them.
  public Parameters maps() {
    return maps.parameters();
  }

  /// The larger network's weights by name. A tape that they are made in records them: their
  /// gradients, pulled back, become those of the maps.
  public Map<String, Tensor> weights() {
    var all = new LinkedHashMap<String, Tensor>();
    parametersOfBlocks().forEach((parameter, parts) -> all.putAll(layers(parameter, parts)));
    for (var name : outsideBlocks()) all.put(name, outsideBlocks(name));
    return all;
  }

  /// Throws [InvalidArgument] unless `larger` is of the target's shape, and of the maps' type and
  /// device.
  public void requireFit(Gpt larger) {
    Larger.requireSame(larger.config(), shape.target());
    var parameters = larger.parameters();
    if (parameters.dtype() != maps().dtype() || parameters.device() != maps().device()) {
      throw new InvalidArgument(
          "maps in %s do not fit a network in %s, or on another device"
              .formatted(maps().dtype(), parameters.dtype()));
    }
  }

  /// Writes the weights into a network of the target's shape. One parameter after the other, each
  /// in memory that the next one takes.
  public void copyTo(Gpt larger) {
    requireFit(larger);
    parametersOfBlocks()
        .forEach(
            (parameter, parts) -> {
              try (var _ = larger.device().scope()) {
                write(larger, layers(parameter, parts));
              }
            });
    for (var name : outsideBlocks()) {
      try (var _ = larger.device().scope()) {
        write(larger, Map.of(name, outsideBlocks(name)));
      }
    }
  }

  /// Writes weights that [#weights] has made into a network of the target's shape.
  public void copyTo(Gpt larger, Map<String, Tensor> weights) {
    requireFit(larger);
    write(larger, weights);
  }

  private static void write(Gpt larger, Map<String, Tensor> weights) {
    weights.forEach((name, tensor) -> copy(larger.parameters().get(name), 0, tensor));
  }

  /// Adds to the gradients of the maps what the gradients in the slots of `larger` make of them,
  /// where `weights` are what `tape` has recorded of [#weights]. Forgets those of `larger`.
  public void pullBack(Tape tape, Map<String, Tensor> weights, Gpt larger) {
    requireFit(larger);
    larger.parameters().settle();
    var names = weights.keySet().stream().filter(this::hasMap).toList();
    tape.backward(
        names.stream().map(weights::get).toList(),
        names.stream().map(name -> gradient(larger.parameters().get(name))).toList());
    larger.parameters().forgetGradients();
  }

  /// Only where no width is learned are there weights that are the smaller network's own.
  private boolean hasMap(String name) {
    return name.startsWith("h.") || shape.isLearned(LigoMap.RESIDUAL);
  }

  private static Tensor gradient(Tensor parameter) {
    var slot = parameter.slot().orElseThrow();
    return Tensor.over(
        parameter.scope(), slot.gradient(), parameter.dtype().wide(), parameter.shape(), null);
  }

  /// The parts of each parameter of a block, in the order in which they make it up.
  private Map<String, List<LigoPart>> parametersOfBlocks() {
    return shape.parts().stream()
        .collect(
            Collectors.groupingBy(LigoPart::parameter, LinkedHashMap::new, Collectors.toList()));
  }

  private List<String> outsideBlocks() {
    return source.parameters().names().stream().filter(name -> !name.startsWith("h.")).toList();
  }

  /// The rows of the embeddings and of a head of its own, and the last norm's only one, are vectors
  /// of the residual stream.
  private Tensor outsideBlocks(String name) {
    var parameter = source.parameters().get(name);
    var stored = parameter.shape();
    var rows = stored.rank() == 1 ? Shape.of(1, stored.count()) : stored;
    var matrix = Tensor.over(parameter.scope(), parameter.data(), parameter.dtype(), rows, null);
    var wide = maps.alongResidual(matrix);
    return stored.rank() == 1 ? wide.reshape(wide.shape().count()) : wide;
  }

  /// A parameter in all blocks.
  private Map<String, Tensor> layers(String parameter, List<LigoPart> parts) {
    var each = parts.stream().map(this::layers).toList();
    var all = new LinkedHashMap<String, Tensor>();
    for (int layer = 0; layer < shape.target().layers(); layer++) {
      int at = layer;
      var shares = each.stream().map(layers -> layers.get(at)).toList();
      all.put(name(layer, parameter), parameter(parts.getFirst(), joined(shares)));
    }
    return all;
  }

  /// A matrix as the parameter is stored.
  private static Tensor parameter(LigoPart part, Tensor matrix) {
    if (part.transposed()) return matrix.transpose();
    boolean isMatrix = part.rows().isPresent() && part.residual();
    return isMatrix ? matrix : matrix.reshape(matrix.shape().count());
  }

  /// The larger network's matrices of a part.
  private List<Tensor> layers(LigoPart part) {
    var small = stacks.get(part);
    if (shape.form() == LigoForm.PAPER) {
      return cut(maps.mixed(part, joined(widened(part, cut(small, shape.source().layers())))));
    }
    return widened(part, cut(maps.mixed(part, small)));
  }

  private List<Tensor> widened(LigoPart part, List<Tensor> layers) {
    return IntStream.range(0, layers.size())
        .mapToObj(layer -> maps.widened(part, layers.get(layer), layer))
        .toList();
  }

  private List<Tensor> cut(Tensor layers) {
    return cut(layers, shape.target().layers());
  }

  private static List<Tensor> cut(Tensor layers, int count) {
    long rows = layers.shape().size(0) / count;
    return IntStream.range(0, count).mapToObj(i -> layers.slice(0, i * rows, rows)).toList();
  }

  /// One behind the other; halves at a time, so that each is copied a few times only.
  private static Tensor joined(List<Tensor> matrices) {
    int half = matrices.size() / 2;
    if (half == 0) return matrices.getFirst();
    return joined(matrices.subList(0, half))
        .concatenate(joined(matrices.subList(half, matrices.size())), 0);
  }
}
