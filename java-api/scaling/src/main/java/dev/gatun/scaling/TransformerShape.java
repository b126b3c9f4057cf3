package dev.gatun.scaling;

import dev.gatun.nn.GptConfig;

/// A transformer's sizes, in elements.
///
/// @param layers L
/// @param width d, channels of the residual stream
/// @param feedForward f, channels inside the feed-forward layers
/// @param heads h
/// @param headSize k
/// @param vocabulary V
/// @param context s, tokens a sequence
/// @param parameters N, embeddings included
public record TransformerShape(
    int layers,
    int width,
    int feedForward,
    int heads,
    int headSize,
    int vocabulary,
    int context,
    long parameters) {
  private static final int CHINCHILLA_VOCABULARY = 32_000;
  private static final int CHINCHILLA_CONTEXT = 2048;

  /// A model of Hoffmann et al. 2022 (Table A9), whose architecture is Gopher's. The count is
  /// Karpathy's (nanoGPT, scaling_laws.ipynb): relative positions, biases, one matrix of V d. It
  /// agrees with the table to 0.1 % where h k = d.
  public static TransformerShape chinchilla(
      int layers, int width, int feedForward, int heads, int headSize) {
    long d = width;
    long f = feedForward;
    long attention = 3 * d * d + 3 * d + d * d + 2 * d + d * d + d;
    long block = attention + 2 * d * f + f + d + 4 * d;
    long parameters = layers * block + 2 * d + CHINCHILLA_VOCABULARY * d;
    return new TransformerShape(
        layers,
        width,
        feedForward,
        heads,
        headSize,
        CHINCHILLA_VOCABULARY,
        CHINCHILLA_CONTEXT,
        parameters);
  }

  /// A GPT-2 as Gatun trains it, with its own count of parameters.
  public static TransformerShape of(GptConfig config) {
    return new TransformerShape(
        config.layers(),
        config.width(),
        config.feedForward(),
        config.heads(),
        config.width() / config.heads(),
        config.vocabulary(),
        config.context(),
        config.parameterCount());
  }

  /// h k, channels of all heads.
  long attentionWidth() {
    return (long) heads * headSize;
  }
}
