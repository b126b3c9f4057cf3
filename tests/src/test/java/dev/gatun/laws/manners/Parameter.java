package dev.gatun.laws.manners;

import dev.gatun.tensor.DType;
import java.util.regex.Pattern;

/// One argument of a kernel, as `gatun.h` declares it. `extent` and `limit` are expressions
/// over the sizes; `limit` is empty where values have none. `ascending` ones run from 0 to
/// the limit less 1. For arguments that are no arrays `type` says what they are.
public record Parameter(
    String name,
    String type,
    Manner manner,
    boolean optional,
    String extent,
    String limit,
    boolean ignorable,
    boolean ascending) {
  private static final Pattern ARRAY =
      Pattern.compile("GATUN_(OUT|ACC|INOUT|IN|TABLE)(_OPT)?\\(([^,)]*),?([^)]*)\\)\\s*(.*)");
  private static final Pattern DECLARATION = Pattern.compile("(\\w+)\\s*(\\**)\\s*(\\w+)");

  public enum Manner {
    OUT,
    ACC,
    INOUT,
    IN,
    TABLE,
    SCALAR
  }

  static Parameter parse(String text) {
    var array = ARRAY.matcher(text.strip());
    boolean marked = array.matches();
    var declaration = DECLARATION.matcher(marked ? array.group(5) : text.strip());
    if (!declaration.matches()) throw new IllegalArgumentException("cannot read argument " + text);
    var type = declaration.group(1);
    var name = declaration.group(3);
    if (!marked && !declaration.group(2).isEmpty()) {
      throw new IllegalArgumentException(name + " is an array but its manner is not said: " + text);
    }
    if (!marked) return new Parameter(name, type, Manner.SCALAR, false, "", "", false, false);
    var bounds = array.group(4).strip();
    return new Parameter(
        name,
        type,
        Manner.valueOf(array.group(1)),
        array.group(2) != null,
        array.group(3).strip(),
        bounds.replaceAll("<|,?\\s*(ignorable|ascending)", "").strip(),
        bounds.contains("ignorable"),
        bounds.contains("ascending"));
  }

  public boolean isArray() {
    return manner != Manner.SCALAR;
  }

  public boolean isWritten() {
    return manner == Manner.OUT || manner == Manner.ACC || manner == Manner.INOUT;
  }

  public boolean isSize() {
    return type.equals("int64_t") && !isArray();
  }

  /// One of the enumerations of the header.
  public boolean isKind() {
    return type.startsWith("gatun_") && !isArray();
  }

  public boolean isFloating() {
    return type.equals("void") || type.equals("gatun_wide") || type.equals("double");
  }

  /// The type of its elements, or of those of the arrays in a table, where activations are
  /// `activations`.
  public DType dtype(DType activations) {
    return switch (type) {
      case "void" -> activations;
      case "gatun_wide" -> activations.wide();
      case "int32_t" -> DType.I32;
      case "int64_t" -> DType.I64;
      case "double" -> DType.F64;
      default -> throw new IllegalArgumentException("an array of " + type);
    };
  }

  /// Bytes an element of a call in `dtype`.
  public int bytes(DType dtype) {
    return manner == Manner.TABLE ? Long.BYTES : dtype(dtype).bytes();
  }
}
