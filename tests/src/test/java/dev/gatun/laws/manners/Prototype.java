package dev.gatun.laws.manners;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// One kernel of `gatun.h`: its name without the prefix, and what stands behind its stream.
record Prototype(String name, List<Parameter> parameters) {
  private static final Pattern PROTOTYPE =
      Pattern.compile("gatun_status gatun_(\\w+)\\(\\s*gatun_stream\\* stream,([^;]*)\\);");
  private static final Set<String> COPIES = Set.of("copy", "copy_to_device", "copy_to_host");

  /// All functions of the header that work on a stream, but the copies.
  static final List<Prototype> KERNELS = read();

  private static List<Prototype> read() {
    try {
      var file = Path.of(System.getProperty("gatun.root"), "native", "include", "gatun.h");
      var header = Files.readString(file).replaceAll("(?s)/\\*.*?\\*/", "");
      return PROTOTYPE
          .matcher(header)
          .results()
          .filter(match -> !COPIES.contains(match.group(1)))
          .map(match -> parse(match.group(1), match.group(2)))
          .toList();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  private static Prototype parse(String name, String list) {
    var parameters = list.replaceAll("\\s+", " ").split(",(?![^()]*\\))");
    return new Prototype(name, Arrays.stream(parameters).map(Parameter::parse).toList());
  }

  List<Parameter> arrays() {
    return parameters.stream().filter(Parameter::isArray).toList();
  }

  /// The ACC arguments in the order of the bits of `fresh`.
  List<Parameter> accumulated() {
    return parameters.stream().filter(p -> p.manner() == Parameter.Manner.ACC).toList();
  }

  /// Its name in Java.
  String method() {
    return Pattern.compile("_(\\w)")
        .matcher(name)
        .replaceAll(match -> match.group(1).toUpperCase());
  }
}
