package dev.gatun.train;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/// UTF-8 bytes that arrive in pieces, turned into text as soon as characters are whole.
///
/// A character split between two pieces (every byte token splits one; GPT-2's tokens may) is held
/// back until it is complete. All that was pushed, then [#end], gives the text that decoding
/// everything at once would give; bytes that are no UTF-8 become U+FFFD.
public final class Utf8Stream {
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private ByteBuffer pending = ByteBuffer.allocate(0);

  /// An empty stream.
  public Utf8Stream() {}

  /// The characters that these bytes complete; often none.
  public String push(byte[] bytes) {
    var in = ByteBuffer.allocate(pending.remaining() + bytes.length).put(pending).put(bytes).flip();
    var text = decode(in, false);
    pending = in.slice();
    return text;
  }

  /// What is left, with U+FFFD for an unfinished character; the stream is then as new.
  public String end() {
    var text = decode(pending, true);
    pending = ByteBuffer.allocate(0);
    decoder.reset();
    return text;
  }

  private String decode(ByteBuffer in, boolean last) {
    var out = CharBuffer.allocate(in.remaining() + 1);
    decoder.decode(in, out, last);
    if (last) decoder.flush(out);
    return out.flip().toString();
  }
}
