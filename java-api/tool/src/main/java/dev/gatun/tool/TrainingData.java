package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.train.BadData;
import dev.gatun.train.ByteTokenizer;
import dev.gatun.train.Corpus;
import dev.gatun.train.Tokenizer;
import dev.gatun.train.Tokens;
import java.nio.file.Files;
import java.nio.file.Path;

/// What a run is trained and measured on.
record TrainingData(Corpus corpus) implements AutoCloseable {
  private static final int STRETCHES = 256;
  private static final int STRETCH = 256;

  static TrainingData open(Settings settings) {
    var root = Path.of(System.getProperty("gatun.root", ""));
    if (isTokens(settings)) {
      return new TrainingData(Corpus.open(path(settings), new ByteTokenizer()));
    }
    if (!settings.has("tokenizer")) {
      throw new InvalidArgument(
          "nothing tells how text becomes the model's tokens: name a --tokenizer");
    }
    var tokenizer = Tokenizers.named(settings.text("tokenizer"));
    return new TrainingData(
        settings.has("data")
            ? Corpus.open(path(settings), tokenizer)
            : Corpus.standard(root, tokenizer));
  }

  /// Whether the data are tokens already.
  static boolean isTokens(Settings settings) {
    return settings.has("data") && isTokens(path(settings));
  }

  static boolean isTokens(Path data) {
    return data.toString().endsWith(".bin") && !Files.isDirectory(data);
  }

  private static Path path(Settings settings) {
    return Path.of(settings.text("data"));
  }

  /// The vocabulary asked for, else the corpus's own. Throws [BadData] where a token lies outside,
  /// or is none of the tokenizer named for it.
  int vocabulary(Settings settings) {
    if (settings.has("tokenizer")) requireWords(Tokenizers.named(settings.text("tokenizer")));
    int vocabulary = settings.has("vocab") ? settings.size("vocab") : corpus.vocabulary();
    corpus.training().requireWithin(vocabulary);
    corpus.validation().requireWithin(vocabulary);
    return vocabulary;
  }

  private void requireWords(Tokenizer tokenizer) {
    if (corpus.vocabulary() > tokenizer.vocabulary()) {
      throw new BadData(
          "%s has a token %d; the %s tokenizer has %d"
              .formatted(
                  corpus.source(),
                  corpus.vocabulary() - 1,
                  tokenizer.name(),
                  tokenizer.vocabulary()));
    }
  }

  /// Whether every token is a byte, so that count models of bytes can be compared with.
  boolean isBytes() {
    return corpus.vocabulary() <= 256;
  }

  /// What tells these data from others.
  Settings facts() {
    return Settings.NONE
        .with("training-tokens", corpus.training().count())
        .with("validation-tokens", corpus.validation().count())
        .with("training-sample", sample(corpus.training()));
  }

  /// Throws [BadData] where the data are not those that a run began with.
  void requireSame(Settings began) {
    facts()
        .values()
        .forEach(
            (name, value) -> {
              if (!value.equals(began.values().get(name))) {
                throw new BadData(
                    "%s is not what the run began with: its %s are now %s, were %s"
                        .formatted(
                            corpus.source(),
                            name.replace('-', ' '),
                            value,
                            began.values().get(name)));
              }
            });
  }

  /// A hash of stretches spread evenly over the tokens: it tells another text of the same length
  /// without reading all of it.
  private static String sample(Tokens tokens) {
    var stretch = new int[(int) Math.min(STRETCH, tokens.count())];
    long places = tokens.count() - stretch.length;
    long hash = 0;
    for (long i = 0; i < STRETCHES; i++) {
      tokens.copy(places * i / (STRETCHES - 1), stretch);
      for (int id : stretch) hash = (hash ^ id) * 0x100000001b3L;
    }
    return Long.toHexString(hash);
  }

  @Override
  public void close() {
    corpus.close();
  }
}
