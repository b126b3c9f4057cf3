package dev.gatun.laws.manners;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/// One kernel of `gatun.h`: its name without the prefix, and what stands behind its stream.
public record Prototype(String name, List<Parameter> parameters) {
  private static final Pattern PROTOTYPE =
      Pattern.compile("gatun_status gatun_(\\w+)\\(\\s*gatun_stream\\* stream,([^;]*)\\);");
  /// All functions of the header that compute.
  public static final List<Prototype> KERNELS = read();

  private static List<Prototype> read() {
    try {
      var file = Path.of(System.getProperty("gatun.root"), "native", "include", "gatun.h");
      var header = Files.readString(file).replaceAll("(?s)/\\*.*?\\*/", "");
      return PROTOTYPE
          .matcher(header)
          .results()
          .filter(match -> isKernel(match.group(2)))
          .map(match -> parse(match.group(1), match.group(2)))
          .toList();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /// On a stream, with arrays whose manner is said, or in a type: a copy has neither.
  private static boolean isKernel(String parameters) {
    return parameters.contains("GATUN_") || parameters.contains("gatun_dtype");
  }

  private static Prototype parse(String name, String list) {
    var parameters = list.replaceAll("\\s+", " ").split(",(?![^()]*\\))");
    return new Prototype(name, Arrays.stream(parameters).map(Parameter::parse).toList());
  }

  /// The kernel of this name.
  public static Prototype of(String name) {
    return KERNELS.stream().filter(kernel -> kernel.name().equals(name)).findFirst().orElseThrow();
  }

  public List<Parameter> arrays() {
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
