package dev.gatun.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/// Text read and tokenized by all cores, and collected in order: two sequences of tokens and the
/// paths that went into each.
///
/// @param skipped files that were empty or no text
/// @param bytes of the text read
record TextReading(
    Tokens training,
    Tokens validation,
    List<String> trained,
    List<String> heldOut,
    int skipped,
    long bytes)
    implements AutoCloseable {
  /// Text in flight at a time, in bytes: enough for all cores, little enough for a small heap.
  private static final long WAVE = 32 << 20;

  /// More than this in one file of many does not fit a Java array with room to spare.
  private static final long LARGEST_FILE = 1L << 30;

  /// Reads every file of a source; those that `heldOut` takes become the validation tokens.
  ///
  /// Throws [BadData] when there is no text among them.
  static TextReading of(
      String name, TextSource source, Tokenizer tokenizer, Predicate<String> heldOut)
      throws IOException {
    long bytes = source.files().stream().mapToLong(TextSource.File::bytes).sum();
    var separator = Tokens.of(tokenizer.separator());
    try (var training = new Collector(tokenizer, bytes, separator);
        var validation = new Collector(tokenizer, bytes / 16, separator)) {
      for (var wave : waves(source.files(), TextSource.File::bytes)) {
        inParallel(wave, file -> Document.read(name, source, file, tokenizer))
            .forEach(
                document -> (heldOut.test(document.path) ? validation : training).add(document));
      }
      return of(name, source.files().size(), training, validation);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static TextReading of(String name, int files, Collector training, Collector validation) {
    int texts = training.paths.size() + validation.paths.size();
    if (texts == 0) {
      throw new BadData(
          files == 0
              ? "%s holds no files".formatted(name)
              : "%s holds no text: its %d files are empty or no UTF-8".formatted(name, files));
    }
    return new TextReading(
        training.sink.finish(name),
        validation.sink.finish(name),
        training.paths,
        validation.paths,
        files - texts,
        training.bytes + validation.bytes);
  }

  /// All tokens of one text file.
  static Tokens whole(TextFile file, Tokenizer tokenizer) {
    var name = file.path().toString();
    long bytes = file.bytes().byteSize();
    if (bytes == 0) throw new BadData("%s is empty: it holds no text".formatted(name));
    try (var sink = sink(tokenizer, bytes)) {
      for (var wave : waves(file.pieces(), piece -> piece.to() - piece.from())) {
        inParallel(wave, piece -> tokenizer.tokens(file.read(piece))).forEach(sink::add);
      }
      return sink.finish(name);
    }
  }

  List<String> paths() {
    return Stream.concat(trained.stream(), heldOut.stream()).toList();
  }

  boolean isOneSided() {
    return trained.isEmpty() || heldOut.isEmpty();
  }

  /// The tokens of the only text there was.
  Tokens only() {
    (trained.isEmpty() ? training : validation).close();
    return trained.isEmpty() ? validation : training;
  }

  String description() {
    return "%,d files with %,d bytes, %,d of the files held out, %,d left out"
        .formatted(trained.size() + heldOut.size(), bytes, heldOut.size(), skipped);
  }

  @Override
  public void close() {
    training.close();
    validation.close();
  }

  private static TokenSink sink(Tokenizer tokenizer, long bytes) {
    // English and code take three to four bytes a GPT-2 token.
    return new TokenSink(tokenizer.vocabulary(), tokenizer.vocabulary() == 256 ? bytes : bytes / 3);
  }

  private static <T> List<List<T>> waves(List<T> items, ToLongFunction<T> bytes) {
    var waves = new ArrayList<List<T>>();
    int first = 0;
    long sum = 0;
    for (int i = 0; i < items.size(); i++) {
      long size = bytes.applyAsLong(items.get(i));
      if (sum > 0 && sum + size > WAVE) {
        waves.add(items.subList(first, i));
        first = i;
        sum = 0;
      }
      sum += size;
    }
    waves.add(items.subList(first, items.size()));
    return waves;
  }

  private static <T, R> List<R> inParallel(List<T> items, Function<T, R> work) {
    return items.parallelStream().map(work).toList();
  }

  /// A file's tokens, or null where it is no text.
  private record Document(String path, long bytes, Tokens tokens) {
    static Document read(
        String name, TextSource source, TextSource.File file, Tokenizer tokenizer) {
      if (file.bytes() > LARGEST_FILE) {
        throw new BadData(
            "%s in %s has %d bytes; one file of many may have %d, so split it or name it alone"
                .formatted(file.path(), name, file.bytes(), LARGEST_FILE));
      }
      try {
        var text = source.read(file);
        boolean usable = text.length > 0 && Text.is(text);
        return new Document(file.path(), text.length, usable ? tokenizer.tokens(text) : null);
      } catch (IOException e) {
        throw new UncheckedIOException(
            new IOException("%s: %s".formatted(file.path(), e.getMessage()), e));
      }
    }
  }

  /// One side of the split while it is filled.
  private static final class Collector implements AutoCloseable {
    final TokenSink sink;
    final Tokens separator;
    final List<String> paths = new ArrayList<>();
    long bytes;

    Collector(Tokenizer tokenizer, long expected, Tokens separator) {
      this.sink = TextReading.sink(tokenizer, expected + expected / 8);
      this.separator = separator;
    }

    void add(Document document) {
      if (document.tokens() == null) return;
      if (!paths.isEmpty()) sink.add(separator);
      sink.add(document.tokens());
      paths.add(document.path());
      bytes += document.bytes();
    }

    @Override
    public void close() {
      sink.close();
    }
  }
}
