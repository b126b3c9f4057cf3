package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.store.TrainerState;
import dev.gatun.train.ByteTokenizer;
import dev.gatun.train.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// The tokenizers by name, and which of them a model was trained with.
final class Tokenizers {
  private static final int BYTES = 256;
  private static final int GPT2 = Gpt2Tokenizer.END_OF_TEXT + 1;

  private Tokenizers() {}

  /// "bytes" or "gpt2".
  static Tokenizer named(String name) {
    return switch (name) {
      case "bytes" -> new ByteTokenizer();
      case "gpt2" -> new Gpt2Tokenizer();
      default ->
          throw new InvalidArgument(
              "there is no tokenizer \"%s\"; there are bytes and gpt2".formatted(name));
    };
  }

  /// The name of the one that a checkpoint's trainer noted, else the one that its vocabulary fits;
  /// empty where neither tells.
  static Optional<String> nameFor(Path checkpoint, int vocabulary) {
    if (Files.exists(checkpoint.resolve(TrainerState.NAME))) {
      var noted = TrainerState.read(checkpoint).config().get("tokenizer");
      if (noted instanceof String name) return Optional.of(name);
    }
    return switch (vocabulary) {
      case BYTES -> Optional.of("bytes");
      case GPT2 -> Optional.of("gpt2");
      default -> Optional.empty();
    };
  }

  /// The one `named`, or where that is null the checkpoint's own; throws where nothing tells.
  static Tokenizer of(String named, Path checkpoint, int vocabulary) {
    if (named != null) return named(named);
    return named(
        nameFor(checkpoint, vocabulary)
            .orElseThrow(
                () ->
                    new InvalidArgument(
                        "%s does not say how text becomes its %d tokens: name a --tokenizer"
                            .formatted(checkpoint, vocabulary))));
  }
}
