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

/// Named weights in flat arenas with one flat arena of gradients beside them, so that an
/// optimizer's step is one kernel for each of [#parts]. All arenas start as zeros, and the few
/// elements of padding between parameters stay zero.
///
/// In bf16 matrices and tables are bf16, biases and norms their wide type, fp32, as all gradients
/// are. Under [Rounding#NEAREST] each bf16 weight has a [#master].
public final class Parameters {
  private static final long ALIGNMENT = 64;

  private final Scope scope;
  private final DType dtype;
  private final Map<String, Tensor> byName = new LinkedHashMap<>();
  private final Map<String, Tensor> masters = new LinkedHashMap<>();
  private final Map<String, Long> offsets = new LinkedHashMap<>();
  private final List<ParameterPart> parts = new ArrayList<>();
  private final MemorySegment gradients;
  private final long count;
  private final long weights;

  /// A parameter before it exists. Weight decay applies to matrices, not to biases, norms and
  /// embeddings.
  ///
  /// @param weights how many of its elements are weights, the first ones; the others are padding
  public record Declaration(String name, Shape shape, boolean decays, long weights) {}

  /// Collects declarations; the order is that of the names, whatever decays.
  public static final class Declarations {
    private final List<Declaration> list = new ArrayList<>();

    private Declarations() {}

    /// A weight matrix, which decays.
    public Declarations matrix(String name, long... sizes) {
      return add(new Declaration(name, Shape.of(sizes), true, Shape.of(sizes).count()));
    }

    /// A bias, norm or embedding, which does not decay.
    public Declarations plain(String name, long... sizes) {
      return add(new Declaration(name, Shape.of(sizes), false, Shape.of(sizes).count()));
    }

    /// Of the matrix or table declared last only the first `rows` hold weights. What is behind them
    /// must stay zero and have no gradient.
    public Declarations padded(long rows) {
      var last = list.removeLast();
      long weights = last.shape().with(0, rows).count();
      return add(new Declaration(last.name(), last.shape(), last.decays(), weights));
    }

    public Declarations add(Declaration declaration) {
      list.add(declaration);
      return this;
    }

    /// Elements of the arenas that will hold them, padding included.
    public long elements() {
      return Parameters.elements(list);
    }

    /// Bytes of all arenas of weights that will hold them, masters among them.
    public long weightBytes(DType dtype, Rounding rounding) {
      long narrow = Parameters.elements(narrow(list, dtype));
      long wide = rounding == Rounding.NEAREST ? elements() : elements() - narrow;
      return narrow * dtype.bytes() + wide * dtype.wide().bytes();
    }

    /// Allocates them in `scope`, in bf16 with masters.
    public Parameters allocate(Scope scope, DType dtype) {
      return allocate(scope, dtype, Rounding.NEAREST);
    }

    /// Allocates them in `scope`. `rounding` is of no account but in bf16.
    public Parameters allocate(Scope scope, DType dtype, Rounding rounding) {
      return new Parameters(scope, dtype, rounding, list);
    }
  }

  public static Declarations declare() {
    return new Declarations();
  }

  private Parameters(Scope scope, DType dtype, Rounding rounding, List<Declaration> declarations) {
    this.scope = scope;
    this.dtype = dtype;
    var narrow = narrow(declarations, dtype);
    var wide = declarations.stream().filter(each -> !isNarrow(each, dtype)).toList();
    long narrowCount = elements(narrow);
    count = narrowCount + elements(wide);
    weights = declarations.stream().mapToLong(Declaration::weights).sum();
    gradients = zeros(dtype.wide(), count);
    boolean mastered = rounding == Rounding.NEAREST;
    var exact = zeros(dtype.wide(), mastered ? count : count - narrowCount);
    if (!narrow.isEmpty()) {
      place(narrow, zeros(dtype, narrowCount), mastered ? exact : null, dtype, 0);
    }
    long behind = mastered ? narrowCount * dtype.wide().bytes() : 0;
    if (parts.isEmpty() || !wide.isEmpty()) {
      place(wide, scope.at(exact, behind), null, dtype.wide(), narrowCount);
    }
    for (var declaration : declarations) name(declaration);
  }

  private static boolean isNarrow(Declaration declaration, DType dtype) {
    return dtype != dtype.wide() && declaration.shape().rank() > 1;
  }

  private static List<Declaration> narrow(List<Declaration> declarations, DType dtype) {
    return declarations.stream().filter(each -> isNarrow(each, dtype)).toList();
  }

  private static long elements(List<Declaration> declarations) {
    return declarations.stream().mapToLong(each -> padded(each.shape())).sum();
  }

  private static long padded(Shape shape) {
    return Math.ceilDiv(shape.count(), ALIGNMENT) * ALIGNMENT;
  }

  private MemorySegment zeros(DType of, long elements) {
    return Tensor.zeros(scope, of, Shape.of(elements)).data();
  }

  /// Adds the part that begins with element `first`, in which what decays lies before the rest.
  private void place(
      List<Declaration> declarations,
      MemorySegment weights,
      MemorySegment master,
      DType type,
      long first) {
    long at = first;
    long decayed = 0;
    for (boolean decays : new boolean[] {true, false}) {
      for (var declaration : declarations) {
        if (declaration.decays() != decays) continue;
        if (offsets.put(declaration.name(), at) != null) {
          throw new InvalidArgument("two parameters are called " + declaration.name());
        }
        at += padded(declaration.shape());
      }
      if (decays) decayed = at - first;
    }
    parts.add(new ParameterPart(weights, master, type, first, at - first, decayed));
  }

  private void name(Declaration declaration) {
    long offset = offsets.get(declaration.name());
    var part = isNarrow(declaration, dtype) ? parts.getFirst() : parts.getLast();
    var slot = new GradientSlot(device(), scope.at(gradients, offset * dtype.wide().bytes()));
    long inside = offset - part.first();
    var weights = scope.at(part.weights(), inside * part.dtype().bytes());
    var tensor = Tensor.over(scope, weights, part.dtype(), declaration.shape(), slot);
    byName.put(declaration.name(), tensor);
    masters.put(declaration.name(), part.master() == null ? tensor : master(part, inside, tensor));
  }

  private Tensor master(ParameterPart part, long inside, Tensor of) {
    var exact = scope.at(part.master(), inside * dtype.wide().bytes());
    return Tensor.over(scope, exact, dtype.wide(), of.shape(), null);
  }

  /// The parameter called `name`.
  public Tensor get(String name) {
    var tensor = byName.get(name);
    if (tensor == null) throw new InvalidArgument("there is no parameter called " + name);
    return tensor;
  }

  /// The master of the parameter called `name`, or the parameter itself where there is none: what
  /// to set, and to save. Who sets masters calls [#round] behind it.
  public Tensor master(String name) {
    get(name);
    return masters.get(name);
  }

  /// Makes all weights that have masters the rounding of these.
  public void round() {
    for (var part : parts) {
      if (part.master() == null) continue;
      device()
          .kernels()
          .narrow(
              device().stream().handle(),
              part.weights(),
              part.master(),
              part.count(),
              part.dtype().code());
    }
  }

  /// Where the parameter begins in the arenas of gradients and of state, in elements.
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

  /// The type of matrices and tables, and of the activations beside them.
  public DType dtype() {
    return dtype;
  }

  /// What the arenas of weights consist of: one part, or in bf16 two, the second of vectors.
  public List<ParameterPart> parts() {
    return Collections.unmodifiableList(parts);
  }

  /// The flat arena of gradients, in the wide type. Parameters that the last walks did not reach
  /// count as zero once [#settle] has run.
  public MemorySegment gradients() {
    return gradients;
  }

  /// Elements of all parts, padding included.
  public long count() {
    return count;
  }

  /// Elements of all parts that are weights: without the padding behind parameters, and in them.
  public long weights() {
    return weights;
  }

  /// Forgets all gradients: the next ones overwrite them. Costs nothing.
  public void forgetGradients() {
    for (var tensor : byName.values()) tensor.slot().orElseThrow().fresh(true);
  }

  /// Writes zeros where no gradient has arrived since [#forgetGradients].
  public void settle() {
    var kernels = device().kernels();
    int wide = dtype.wide().code();
    for (var tensor : byName.values()) {
      var slot = tensor.slot().orElseThrow();
      if (!slot.fresh()) continue;
      kernels.fill(device().stream().handle(), slot.gradient(), tensor.shape().count(), 0, wide);
      slot.fresh(false);
    }
  }
}
