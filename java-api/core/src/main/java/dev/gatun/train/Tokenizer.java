package dev.gatun.train;

import java.nio.charset.StandardCharsets;

/// Text to token ids and back. Safe from any thread.
public interface Tokenizer {
  /// What the command line calls it.
  String name();

  /// Ids lie from 0 to `vocabulary() - 1`.
  int vocabulary();

  /// The id put between two documents.
  int separator();

  /// The ids of a text; words that look like special tokens are plain text here.
  int[] encode(String text);

  /// The bytes that an id stands for; they may end in the middle of a UTF-8 character.
  ///
  /// Throws [BadData] for an id outside the vocabulary.
  byte[] bytes(int id);

  /// The ids of UTF-8 text, compactly.
  default Tokens tokens(byte[] utf8) {
    return Tokens.of(encode(new String(utf8, StandardCharsets.UTF_8)));
  }

  /// The text of a whole sequence; bytes that are no UTF-8 become U+FFFD.
  default String decode(int... ids) {
    var stream = new Utf8Stream();
    var text = new StringBuilder();
    for (int id : ids) text.append(stream.push(bytes(id)));
    return text.append(stream.end()).toString();
  }
}
