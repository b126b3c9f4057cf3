package dev.gatun.nn;

import dev.gatun.InvalidArgument;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.GradientSlot;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Named weights in one flat arena with one flat gradient arena beside it, so that an optimizer's
/// step is one kernel. Those that weight decay applies to lie first. Both arenas start as zeros,
/// and the few elements of padding between parameters stay zero.
public final class Parameters {
  private static final long ALIGNMENT = 64;

  private final Scope scope;
  private final DType dtype;
  private final Map<String, Tensor> byName = new LinkedHashMap<>();
  private final Map<String, Long> offsets = new LinkedHashMap<>();
  private final MemorySegment weights;
  private final MemorySegment gradients;
  private final long count;
  private final long decayed;

  /// A parameter before it exists. Weight decay applies to matrices, not to biases, norms and
  /// embeddings.
  public record Declaration(String name, Shape shape, boolean decays) {}

  /// Collects declarations; the order is that of the names, whatever decays.
  public static final class Declarations {
    private final List<Declaration> list = new ArrayList<>();

    private Declarations() {}

    /// A weight matrix, which decays.
    public Declarations matrix(String name, long... sizes) {
      return add(new Declaration(name, Shape.of(sizes), true));
    }

    /// A bias, norm or embedding, which does not decay.
    public Declarations plain(String name, long... sizes) {
      return add(new Declaration(name, Shape.of(sizes), false));
    }

    public Declarations add(Declaration declaration) {
      list.add(declaration);
      return this;
    }

    /// Elements of the arena that will hold them, padding included.
    public long elements() {
      return list.stream().mapToLong(declaration -> padded(declaration.shape())).sum();
    }

    /// Allocates them in `scope`.
    public Parameters allocate(Scope scope, DType dtype) {
      return new Parameters(scope, dtype, list);
    }
  }

  public static Declarations declare() {
    return new Declarations();
  }

  private Parameters(Scope scope, DType dtype, List<Declaration> declarations) {
    this.scope = scope;
    this.dtype = dtype;
    long total = 0;
    long decaying = 0;
    for (boolean decays : new boolean[] {true, false}) {
      for (var declaration : declarations) {
        if (declaration.decays() != decays) continue;
        if (offsets.put(declaration.name(), total) != null) {
          throw new InvalidArgument("two parameters are called " + declaration.name());
        }
        total += padded(declaration.shape());
      }
      if (decays) decaying = total;
    }
    decayed = decaying;
    count = total;
    weights = Tensor.zeros(scope, dtype, Shape.of(count)).data();
    gradients = Tensor.zeros(scope, dtype, Shape.of(count)).data();
    for (var declaration : declarations) {
      long bytes = offsets.get(declaration.name()) * dtype.bytes();
      var slot = new GradientSlot(at(gradients, bytes));
      byName.put(
          declaration.name(),
          Tensor.over(scope, at(weights, bytes), dtype, declaration.shape(), slot));
    }
  }

  private static long padded(Shape shape) {
    return Math.ceilDiv(shape.count(), ALIGNMENT) * ALIGNMENT;
  }

  private MemorySegment at(MemorySegment arena, long bytes) {
    return scope.at(arena, bytes);
  }

  /// The parameter called `name`.
  public Tensor get(String name) {
    var tensor = byName.get(name);
    if (tensor == null) throw new InvalidArgument("there is no parameter called " + name);
    return tensor;
  }

  /// Where the parameter begins in the arenas, in elements.
  public long offset(String name) {
    get(name);
    return offsets.get(name);
  }

  /// The names in order of declaration.
  public Set<String> names() {
    return Collections.unmodifiableSet(byName.keySet());
  }

  public Device device() {
    return scope.device();
  }

  public Scope scope() {
    return scope;
  }

  public DType dtype() {
    return dtype;
  }

  /// The flat arena of weights: [#count] elements, the first [#decayed] of which decay.
  public MemorySegment weights() {
    return weights;
  }

  /// The flat arena of gradients. Parameters that the last walks did not reach count as zero once
  /// [#settle] has run.
  public MemorySegment gradients() {
    return gradients;
  }

  /// Elements of either arena, padding included.
  public long count() {
    return count;
  }

  public long decayed() {
    return decayed;
  }

  /// Forgets all gradients: the next ones overwrite them. Costs nothing.
  public void forgetGradients() {
    for (var tensor : byName.values()) tensor.slot().orElseThrow().fresh(true);
  }

  /// Writes zeros where no gradient has arrived since [#forgetGradients].
  public void settle() {
    var kernels = device().kernels();
    for (var tensor : byName.values()) {
      var slot = tensor.slot().orElseThrow();
      if (!slot.fresh()) continue;
      kernels.fill(
          device().stream().handle(), slot.gradient(), tensor.shape().count(), 0, dtype.code());
      slot.fresh(false);
    }
  }
}
