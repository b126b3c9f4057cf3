package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import java.util.Arrays;
import java.util.function.ToLongFunction;

/// Ways to count the FLOPs of training: two a multiply-add, the backward pass twice the forward.
public enum FlopCount {
  SIX_ND(
      "6nd",
      "6 N a token",
      "Kaplan et al. 2020, arXiv 2001.08361; N with embeddings as in Hoffmann et al. 2022",
      shape -> 6 * shape.parameters() * shape.context()),
  CHINCHILLA_TABLE(
      "chinchilla-table",
      "3 L (attention + feed-forward) a sequence; neither embeddings nor logits",
      "Hoffmann et al. 2022, arXiv 2203.15556: what its Table A4 in truth counts",
      shape -> 3 * layers(shape)),
  APPENDIX_F(
      "appendix-f",
      "3 (2 s V d + L (attention + feed-forward) + 2 s d V) a sequence",
      "Hoffmann et al. 2022, arXiv 2203.15556, appendix F to the letter",
      shape -> 3 * (2 * table(shape) + layers(shape))),
  PALM(
      "palm",
      "6 N + 12 L h k s a token",
      "Chowdhery et al. 2022, arXiv 2204.02311, appendix B; nanoGPT",
      shape -> (6 * shape.parameters() + 12 * scores(shape)) * shape.context()),
  KAPLAN(
      "kaplan",
      "6 N' + 6 L s h k a token, N' = 2 d L (2 h k + f) without embeddings",
      "Kaplan et al. 2020, arXiv 2001.08361, section 2.1",
      shape -> 6 * (matrices(shape) + scores(shape)) * shape.context()),
  DEEPSEEK(
      "deepseek",
      "72 L d² + 12 L d s a token",
      "DeepSeek-AI 2024, arXiv 2401.02954, section 3",
      shape ->
          (72L * shape.layers() * shape.width() * shape.width()
                  + 12L * shape.layers() * shape.width() * shape.context())
              * shape.context()),
  TRAINER(
      "trainer",
      "6 (2 d L (2 h k + f) + V d) + 6 L s h k a token: the head counts, causal scores are halved",
      "Gatun's trainer, dev.gatun.nn.GptConfig",
      shape ->
          6
              * (matrices(shape) + (long) shape.vocabulary() * shape.width() + scores(shape))
              * shape.context());

  private final String word;
  private final String formula;
  private final String source;
  private final ToLongFunction<TransformerShape> count;

  FlopCount(String word, String formula, String source, ToLongFunction<TransformerShape> count) {
    this.word = word;
    this.formula = formula;
    this.source = source;
    this.count = count;
  }

  /// The one called `word`. Throws [InvalidArgument] where there is none.
  public static FlopCount named(String word) {
    return Arrays.stream(values())
        .filter(count -> count.word.equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidArgument(
                    "there is no FLOP count \"%s\"; there are %s"
                        .formatted(
                            word,
                            String.join(
                                ", ", Arrays.stream(values()).map(FlopCount::word).toList()))));
  }

  public String word() {
    return word;
  }

  public String formula() {
    return formula;
  }

  public String source() {
    return source;
  }

  /// FLOPs of training on one sequence of the shape's context.
  public long perSequence(TransformerShape shape) {
    return count.applyAsLong(shape);
  }

  /// FLOPs of training on one token.
  public double perToken(TransformerShape shape) {
    return (double) perSequence(shape) / shape.context();
  }

  /// Forward, all layers, one sequence: q, k and v; scores; softmax; mixtures; output;
  /// feed-forward.
  private static long layers(TransformerShape shape) {
    long s = shape.context();
    long d = shape.width();
    long hk = shape.attentionWidth();
    long attention =
        6 * s * d * hk
            + 2 * s * s * hk
            + 3 * shape.heads() * s * s
            + 2 * s * s * hk
            + 2 * s * hk * d;
    return shape.layers() * (attention + 4 * s * d * shape.feedForward());
  }

  /// Forward, a product with the token table, one sequence.
  private static long table(TransformerShape shape) {
    return 2L * shape.context() * shape.vocabulary() * shape.width();
  }

  /// Weights of the layers' products.
  private static long matrices(TransformerShape shape) {
    return 2L * shape.width() * shape.layers() * (2 * shape.attentionWidth() + shape.feedForward());
  }

  /// L s h k.
  private static long scores(TransformerShape shape) {
    return shape.layers() * shape.context() * shape.attentionWidth();
  }
}
