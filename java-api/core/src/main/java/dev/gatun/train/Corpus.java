package dev.gatun.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Text or ready tokens, split into a part to train on and a part held out for validation.
///
/// | data | training | validation |
/// |---|---|---|
/// | a folder or zip of text files | the other files | whole files, about one in twenty |
/// | a text file | its first nine tenths | its last tenth |
/// | `…train.bin` beside `…val.bin` | the first | the second |
/// | any other `.bin` | its first nine tenths | its last tenth |
///
/// Which files are held out is decided by a hash of their paths inside the folder or zip alone: not
/// by where it lies, nor by its other files, nor by a seed. Files are taken in the order of their
/// paths, with the tokenizer's separator between them; those that are no UTF-8 text, hidden ones
/// and empty ones are left out.
///
/// @param source what was read, in words
/// @param split how it was divided, in words
/// @param heldOut the paths of the validation files, sorted; empty where one file was cut in two
/// @param vocabulary the tokenizer's; of a `.bin`, which names none, one more than its largest id
public record Corpus(
    String source,
    String split,
    List<String> heldOut,
    Tokens training,
    Tokens validation,
    int vocabulary)
    implements AutoCloseable {

  /// Reads a text file, a folder or zip of text files, or a `.bin` of tokens.
  ///
  /// Throws [BadData] when it is missing, empty or of another kind.
  public static Corpus open(Path path, Tokenizer tokenizer) {
    return switch (Kind.of(path)) {
      case TOKENS -> TokenCorpus.open(path);
      case TEXT -> TextCorpus.openFile(path, tokenizer);
      case FOLDER, ZIP -> TextCorpus.openFiles(path.toString(), path, tokenizer);
    };
  }

  /// The corpus for those who name none: the source code of the running JDK, over 200 MB of it, or
  /// where the JDK came without, the sources of the project that lies in `root`.
  public static Corpus standard(Path root, Tokenizer tokenizer) {
    return standard(Path.of(System.getProperty("java.home")), root, tokenizer);
  }

  static Corpus standard(Path javaHome, Path root, Tokenizer tokenizer) {
    var sources = javaHome.resolve("lib").resolve("src.zip");
    if (Files.isRegularFile(sources)) {
      return TextCorpus.openFiles("the JDK's sources, " + sources, sources, tokenizer);
    }
    return TextCorpus.openProject(
        "this project's sources, %s (the JDK in %s has no lib/src.zip)".formatted(root, javaHome),
        root,
        tokenizer);
  }

  /// All tokens of what [#open] reads, in order and undivided; for evaluation.
  public static Tokens whole(Path path, Tokenizer tokenizer) {
    return switch (Kind.of(path)) {
      case TOKENS -> TokenFile.open(path);
      case TEXT -> TextCorpus.wholeFile(path, tokenizer);
      case FOLDER, ZIP -> TextCorpus.wholeFiles(path, tokenizer);
    };
  }

  /// One sentence: what was read, how it was split, and the tokens of each part.
  public String description() {
    return "%s: %s; %,d tokens to train on, %,d to validate"
        .formatted(source, split, training.count(), validation.count());
  }

  @Override
  public void close() {
    training.close();
    validation.close();
  }

  enum Kind {
    TEXT,
    FOLDER,
    ZIP,
    TOKENS;

    private static final int ZIP_MAGIC = 0x504b;

    static Kind of(Path path) {
      if (Files.isDirectory(path)) return FOLDER;
      if (!Files.isRegularFile(path)) {
        throw new BadData("there is no file or folder %s".formatted(path));
      }
      var name = path.getFileName().toString();
      if (name.endsWith(".bin")) return TOKENS;
      return name.endsWith(".zip") || beginsAsZip(path) ? ZIP : TEXT;
    }

    private static boolean beginsAsZip(Path path) {
      try (var in = Files.newInputStream(path)) {
        return (in.read() << 8 | in.read()) == ZIP_MAGIC && in.read() == 3 && in.read() == 4;
      } catch (IOException e) {
        throw BadData.unreadable(path, e);
      }
    }
  }
}
