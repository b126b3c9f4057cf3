package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptDecoder;
import dev.gatun.train.Tokenizer;
import dev.gatun.train.Utf8Stream;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import java.util.function.Consumer;

/// Continues a text, token by token.
///
/// When the model's context is full it forgets the first half and reads the other once more; so a
/// text may become longer than the context. GPT-2's end of text ends it. The presence penalty
/// counts tokens that were generated, not the prompt's.
final class Generator {
  private final Gpt gpt;
  private final Tokenizer tokenizer;
  private final Sampler sampler;
  private final Random random;

  Generator(Gpt gpt, Tokenizer tokenizer, Sampler sampler, long seed) {
    this.gpt = gpt;
    this.tokenizer = tokenizer;
    this.sampler = sampler;
    this.random = new Random(seed);
  }

  /// The tokens of a prompt; of an empty one, what stands before a document.
  int[] read(String prompt) {
    return prompt.isEmpty() ? new int[] {tokenizer.separator()} : tokenizer.encode(prompt);
  }

  /// Hands over the text of up to `tokens` tokens as it comes, in whole characters.
  void generate(int[] prompt, int tokens, Consumer<String> out) {
    if (tokens < 0) {
      throw new InvalidArgument("%d tokens asked for; there must be 0 or more".formatted(tokens));
    }
    requireReadable(prompt);
    var text = new Utf8Stream();
    try (var scope = gpt.device().scope()) {
      var window = new Window(new GptDecoder(gpt, scope), gpt.config().context());
      float[] logits = null;
      for (int id : prompt) logits = window.read(id);
      var present = new BitSet();
      for (int i = 0; i < tokens; i++) {
        int id = sampler.next(known(logits), present, random);
        if (id == Gpt2Tokenizer.END_OF_TEXT) break;
        present.set(id);
        out.accept(text.push(tokenizer.bytes(id)));
        if (i + 1 < tokens) logits = window.read(id);
      }
    }
    out.accept(text.end());
  }

  private void requireReadable(int[] prompt) {
    int context = gpt.config().context();
    if (prompt.length > context) {
      throw new InvalidArgument(
          "the prompt has %d tokens; the model's context is %d".formatted(prompt.length, context));
    }
    for (int id : prompt) {
      if (id >= gpt.config().vocabulary()) {
        throw new InvalidArgument(
            "token %d of the prompt lies outside the model's vocabulary of %d"
                .formatted(id, gpt.config().vocabulary()));
      }
    }
  }

  /// Logits of tokens that the tokenizer does not have, as a vocabulary rounded up has them, are
  /// never drawn.
  private float[] known(float[] logits) {
    int known = Math.min(logits.length, tokenizer.vocabulary());
    Arrays.fill(logits, known, logits.length, Float.NEGATIVE_INFINITY);
    return logits;
  }

  /// A decoder that forgets.
  private static final class Window {
    private final GptDecoder decoder;
    private final int[] ids;

    Window(GptDecoder decoder, int context) {
      this.decoder = decoder;
      this.ids = new int[context];
    }

    float[] read(int id) {
      if (decoder.position() == ids.length) forget();
      ids[decoder.position()] = id;
      return decoder.next(id);
    }

    private void forget() {
      int kept = ids.length / 2;
      System.arraycopy(ids, ids.length - kept, ids, 0, kept);
      decoder.restart();
      for (int i = 0; i < kept; i++) decoder.next(ids[i]);
    }
  }
}
