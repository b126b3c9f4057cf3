package dev.gatun.train;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// How a `.bin` of tokens becomes a corpus.
final class TokenCorpus {
  private TokenCorpus() {}

  static Corpus open(Path path) {
    var tokens = TokenFile.open(path);
    var sibling = sibling(path);
    return sibling == null
        ? cut(path.toString(), tokens, tokens.largest() + 1)
        : pair(path, tokens, sibling);
  }

  /// The first nine tenths and the last tenth of one sequence, whose memory the first then owns.
  static Corpus cut(String source, Tokens tokens, int vocabulary) {
    long count = tokens.count();
    if (count < 2) {
      tokens.close();
      throw new BadData(
          "%s holds one token; training and validation need at least one each".formatted(source));
    }
    long border = Math.max(1, count - Math.max(1, count / 10));
    return new Corpus(
        source,
        "its last tenth held out",
        List.of(),
        tokens.head(border),
        tokens.slice(border, count),
        vocabulary);
  }

  private static Corpus pair(Path path, Tokens training, Path sibling) {
    try {
      var validation = TokenFile.open(sibling);
      return new Corpus(
          path.toString(),
          "validation in " + sibling,
          List.of(sibling.getFileName().toString()),
          training,
          validation,
          Math.max(training.largest(), validation.largest()) + 1);
    } catch (BadData e) {
      training.close();
      throw e;
    }
  }

  // nanoGPT's train.bin and val.bin, llm.c's tiny_shakespeare_train.bin and
  // tiny_shakespeare_val.bin.
  private static Path sibling(Path path) {
    var name = path.getFileName().toString();
    if (!name.endsWith("train.bin")) return null;
    var sibling = path.resolveSibling(name.replaceAll("train\\.bin$", "val.bin"));
    return Files.isRegularFile(sibling) ? sibling : null;
  }
}
