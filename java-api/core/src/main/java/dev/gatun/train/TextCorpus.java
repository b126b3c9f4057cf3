package dev.gatun.train;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.function.Predicate;

/// How text becomes a corpus: one file is cut in two, of many whole files are held out.
final class TextCorpus {
  /// One file in twenty is held out.
  private static final int HELD_OUT = 20;

  private TextCorpus() {}

  static Corpus openFile(Path path, Tokenizer tokenizer) {
    return TokenCorpus.cut(path.toString(), wholeFile(path, tokenizer), tokenizer.vocabulary());
  }

  static Corpus openFiles(String source, Path path, Tokenizer tokenizer) {
    return openFiles(source, path, TextSource::open, tokenizer);
  }

  static Corpus openProject(String source, Path root, Tokenizer tokenizer) {
    return openFiles(source, root, TextSource::openProject, tokenizer);
  }

  private static Corpus openFiles(String source, Path path, Opener opener, Tokenizer tokenizer) {
    var reading = read(path, opener, tokenizer, TextCorpus::isHeldOut);
    var texts = reading.paths();
    if (texts.size() == 1) {
      return TokenCorpus.cut(source, reading.only(), tokenizer.vocabulary());
    }
    if (reading.isOneSided()) {
      // Few files, and the hash took none of them, or all: hold out the one with the least hash.
      reading.close();
      var least = texts.stream().min(Comparator.comparing(TextCorpus::hash, UNSIGNED)).get();
      reading = read(path, opener, tokenizer, least::equals);
    }
    return new Corpus(
        source,
        reading.description(),
        reading.heldOut(),
        reading.training(),
        reading.validation(),
        tokenizer.vocabulary());
  }

  static Tokens wholeFile(Path path, Tokenizer tokenizer) {
    try (var file = TextFile.open(path)) {
      return TextReading.whole(file, tokenizer);
    } catch (IOException e) {
      throw BadData.unreadable(path, e);
    }
  }

  static Tokens wholeFiles(Path path, Tokenizer tokenizer) {
    var reading = read(path, TextSource::open, tokenizer, _ -> false);
    reading.validation().close();
    return reading.training();
  }

  @FunctionalInterface
  private interface Opener {
    TextSource open(Path path) throws IOException;
  }

  private static TextReading read(
      Path path, Opener opener, Tokenizer tokenizer, Predicate<String> heldOut) {
    try (var source = opener.open(path)) {
      return TextReading.of(path.toString(), source, tokenizer, heldOut);
    } catch (IOException e) {
      throw BadData.unreadable(path, e);
    }
  }

  static boolean isHeldOut(String path) {
    return Long.remainderUnsigned(hash(path), HELD_OUT) == 0;
  }

  private static final Comparator<Long> UNSIGNED = Long::compareUnsigned;

  // FNV-1a over the UTF-8 path, finished by a mixer because FNV leaves its low bits poorly mixed.
  static long hash(String path) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : path.getBytes(StandardCharsets.UTF_8))
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    return Mix.mix(hash);
  }
}
