package dev.gatun.tool;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import com.knuddels.jtokkit.api.IntArrayList;
import dev.gatun.train.BadData;
import dev.gatun.train.Tokenizer;

/// GPT-2's byte-pair encoding: 50,256 runs of bytes and, last, the end of text.
///
/// The merges come with jtokkit as `r50k_base`; nothing is downloaded. Text never becomes the end
/// of text token: `<|endoftext|>` in a file is thirteen characters.
public final class Gpt2Tokenizer implements Tokenizer {
  public static final int END_OF_TEXT = 50256;

  private final Encoding encoding =
      Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.R50K_BASE);

  @Override
  public String name() {
    return "gpt2";
  }

  @Override
  public int vocabulary() {
    return END_OF_TEXT + 1;
  }

  /// The end of text.
  @Override
  public int separator() {
    return END_OF_TEXT;
  }

  @Override
  public int[] encode(String text) {
    return encoding.encodeOrdinary(text).toArray();
  }

  @Override
  public byte[] bytes(int id) {
    if (id < 0 || id > END_OF_TEXT) {
      throw new BadData("token %d lies outside GPT-2's vocabulary of 50257".formatted(id));
    }
    var one = new IntArrayList(1);
    one.add(id);
    return encoding.decodeBytes(one);
  }
}
