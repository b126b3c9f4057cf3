package dev.gatun.memory;

import static java.util.stream.Collectors.joining;

import dev.gatun.ffi.Backend;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// A library of Gatun's that counts how often it is called, and hands each call on to the real one.
/// That one's calls of its own functions are not counted.
final class CountedCrossings {
  private static final Pattern FUNCTION =
      Pattern.compile("^GATUN_API .*?(gatun_\\w+)\\(", Pattern.MULTILINE);

  /// Whatever a function takes and answers: what it is called with stays where it is.
  private static final String HANDED_ON =
      """
      __asm__(".globl %1$s\\n.type %1$s, @function\\n"
              "%1$s: lock incq crossings(%%rip)\\n\\tjmp *real+%2$d(%%rip)\\n");
      """;

  private static final String SOURCE =
      """
      #include <dlfcn.h>
      #include <stdlib.h>
      __attribute__((used, visibility("hidden"))) long crossings;
      __attribute__((used, visibility("hidden"))) void* real[%d];
      static const char* const names[] = {%s};
      long counted_crossings(void) { return crossings; }
      __attribute__((constructor)) static void find(void) {
        void* const library = dlopen("%s", RTLD_NOW);
        for (size_t i = 0; i < sizeof real / sizeof *real; i++)
          if (!library || !(real[i] = dlsym(library, names[i]))) abort();
      }
      """;

  private final MethodHandle count;

  /// Of the library that this process has loaded from such a folder.
  CountedCrossings(Path library) {
    var symbols = SymbolLookup.libraryLookup(library, Arena.global());
    count =
        Linker.nativeLinker()
            .downcallHandle(
                symbols.findOrThrow("counted_crossings"),
                FunctionDescriptor.of(ValueLayout.JAVA_LONG));
  }

  /// Crossings while `work` ran.
  long of(Runnable work) {
    long before = sofar();
    work.run();
    return sofar() - before;
  }

  private long sofar() {
    try {
      return (long) count.invokeExact();
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /// Builds one in a folder, which then is one for `gatun.library.path`.
  static void build(Path folder, String backend) throws Exception {
    var real = Backend.file(backend).toAbsolutePath();
    Files.writeString(folder.resolve("counted.c"), source(real));
    var name = real.getFileName().toString();
    var command =
        List.of("cc", "-shared", "-fPIC", "-O1", "counted.c", "-Wl,-soname,counted", "-o", name);
    var compiler = new ProcessBuilder(command).directory(folder.toFile()).inheritIO().start();
    if (compiler.waitFor() != 0) throw new IllegalStateException("cc failed");
  }

  private static String source(Path real) throws IOException {
    var header = Path.of(System.getProperty("gatun.root"), "native", "include", "gatun.h");
    var names =
        FUNCTION.matcher(Files.readString(header)).results().map(each -> each.group(1)).toList();
    var quoted = names.stream().map("\"%s\""::formatted).collect(joining(", "));
    var source = SOURCE.formatted(names.size(), quoted, real);
    return source
        + IntStream.range(0, names.size())
            .mapToObj(i -> HANDED_ON.formatted(names.get(i), i * Long.BYTES))
            .collect(joining());
  }
}
