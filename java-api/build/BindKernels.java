import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Reads `gatun.h` and writes `dev.gatun.ffi.Kernels`: a handle and a typed method for each
/// function that answers with a status, and each enum constant. Arguments: the header, the folder
/// of generated sources.
void main(String[] args) throws Exception {
  var header = Files.readString(Path.of(args[0]));
  var functions = Prototype.all(header);
  if (functions.isEmpty()) throw new IOException(args[0] + " declares no function");
  var file = Path.of(args[1]).resolve("dev/gatun/ffi/Kernels.java");
  Files.createDirectories(file.getParent());
  Files.writeString(file, kernels(header, functions));
}

String kernels(String header, List<Prototype> functions) throws Exception {
  return """
  // Written by BindKernels from gatun.h. Change the header, not this file.
  package dev.gatun.ffi;

  import dev.gatun.ffi.internal.NativeLibrary;
  import java.lang.foreign.MemorySegment;
  import java.lang.invoke.MethodHandle;

  /// The functions of `gatun.h` in one loaded library: one Java call is one C call. Arrays are
  /// addresses on the device; `null` stands for a null pointer where the header marks an argument
  /// `_OPT`. A status other than 0 becomes a [dev.gatun.GatunException] with the function's name.
  public final class Kernels {
    /// The hash of the header these bindings were written from.
    public static final String HEADER_HASH = "%s";
  %s
    private final NativeLibrary library;
  %s
    /// Binds every function; a library built from another header is refused.
    public Kernels(NativeLibrary library) {
      library.requireHeader(HEADER_HASH);
      this.library = library;
  %s  }

    /// The library whose functions these are.
    public NativeLibrary library() {
      return library;
    }

    private static MemorySegment orNull(MemorySegment optional) {
      return optional == null ? MemorySegment.NULL : optional;
    }
  %s}
  """
      .formatted(
          hash(header),
          constants(header),
          each(functions, Prototype::field),
          each(functions, Prototype::binding),
          each(functions, Prototype::method));
}

String each(List<Prototype> functions, Function<Prototype, String> part) {
  return functions.stream().map(part).collect(joining());
}

/// The same hash as `native/cmake/header_hash.cmake` computes.
String hash(String header) throws Exception {
  var bare = Prototype.withoutComments(header).replaceAll("[ \\t\\r\\n]+", "");
  var digest = MessageDigest.getInstance("SHA-256").digest(bare.getBytes("UTF-8"));
  return HexFormat.of().formatHex(digest).substring(0, 16);
}

String constants(String header) {
  return Pattern.compile("GATUN_(\\w+) = (\\d+)")
      .matcher(Prototype.withoutComments(header))
      .results()
      .map(m -> "  public static final int %s = %s;\n".formatted(m.group(1), m.group(2)))
      .collect(joining());
}

/// An argument: `optional` may be null; `type` is that of Java, `layout` that of the linker.
record Argument(String name, String type, String layout, boolean optional) {
  static Argument parse(String text) {
    var words = text.replaceAll("GATUN_\\w+\\([^)]*\\)", "").replace("const ", "").strip();
    var name = words.replaceAll(".*[\\s*](\\w+)$", "$1");
    var safe = name.equals("in") || name.equals("out") ? name + "Size" : camelCase(name);
    var optional = text.contains("_OPT(");
    if (words.contains("*")) return new Argument(safe, "MemorySegment", "ADDRESS", optional);
    return switch (words.split("\\s+")[0]) {
      case "int64_t" -> new Argument(safe, "long", "JAVA_LONG", false);
      case "double" -> new Argument(safe, "double", "JAVA_DOUBLE", false);
      default -> new Argument(safe, "int", "JAVA_INT", false);
    };
  }

  String passed() {
    return optional ? "orNull(" + name + ")" : name;
  }

  static String camelCase(String snake) {
    return Pattern.compile("_(\\w)").matcher(snake).replaceAll(m -> m.group(1).toUpperCase());
  }
}

record Prototype(String c, String java, String comment, List<Argument> arguments) {
  static final Pattern PROTOTYPE =
      Pattern.compile("GATUN_API gatun_status gatun_(\\w+)\\(([^;]*)\\);");

  static List<Prototype> all(String header) {
    return PROTOTYPE.matcher(header).results().map(match -> parse(header, match)).toList();
  }

  static Prototype parse(String header, MatchResult match) {
    var arguments = Stream.of(match.group(2).split(",(?![^()]*\\))")).map(Argument::parse).toList();
    var comment = commentAtEndOf(header.substring(0, match.start()).strip());
    return new Prototype(match.group(1), Argument.camelCase(match.group(1)), comment, arguments);
  }

  static String commentAtEndOf(String text) {
    if (!text.endsWith("*/")) return "";
    var comment = text.substring(text.lastIndexOf("/*") + 2, text.length() - 2);
    return comment.startsWith("*")
        ? comment.substring(1).replaceAll("\\s*\\n \\* ?", "\n").strip()
        : "";
  }

  static String withoutComments(String header) {
    return Pattern.compile("/\\*.*?\\*/", Pattern.DOTALL).matcher(header).replaceAll("");
  }

  String list(Function<Argument, String> part) {
    return arguments.stream().map(part).collect(joining(", "));
  }

  String constant() {
    return c.toUpperCase();
  }

  String field() {
    return """
      private static final MethodHandle %s =
          NativeLibrary.handle(%s);
      private final MemorySegment %s;
    """
        .formatted(constant(), list(a -> "NativeLibrary." + a.layout()), java);
  }

  String binding() {
    return "    %s = library.find(\"gatun_%s\");\n".formatted(java, c);
  }

  String method() {
    var documentation =
        comment.isEmpty() ? "" : "  /// " + comment.replace("\n", "\n  /// ") + "\n";
    return """

    %s  public void %s(%s) {
        int status;
        try {
          status = (int) %s.invokeExact(%s, %s);
        } catch (RuntimeException | Error refused) {
          throw refused;
        } catch (Throwable impossible) {
          throw new AssertionError(impossible);
        }
        if (status != DONE) throw library.failure("%s", status);
      }
    """
        .formatted(
            documentation,
            java,
            list(a -> a.type() + " " + a.name()),
            constant(),
            java,
            list(Argument::passed),
            c);
  }
}
