package dev.gatun.nn;

import dev.gatun.InvalidArgument;

/// The shape of a GPT-2: sizes count elements.
///
/// @param layers L, transformer blocks
/// @param heads H, which divide the width
/// @param width C, channels of the residual stream
/// @param feedForward F, channels inside the MLPs; 4 C in a GPT-2 as published
/// @param context the longest context, rows of the position embedding
/// @param vocabulary V, rows of the token embedding that count
/// @param bias whether linear layers and norms have biases
/// @param scaledByLayer whether the scores of layer l, from 0, are also divided by l + 1
/// @param tied whether the head is the token embedding; else it has weights of its own
/// @param eps added to the variance in every layer norm
public record GptConfig(
    int layers,
    int heads,
    int width,
    int feedForward,
    int context,
    int vocabulary,
    boolean bias,
    boolean scaledByLayer,
    boolean tied,
    double eps) {
  private static final int PADDING = 128;

  public GptConfig {
    positive("layers", layers);
    positive("heads", heads);
    positive("width", width);
    positive("feed-forward", feedForward);
    positive("context", context);
    positive("vocabulary", vocabulary);
    if (width % heads != 0) {
      throw new InvalidArgument("width %d is not divisible by %d heads".formatted(width, heads));
    }
  }

  private static void positive(String name, int value) {
    if (value < 1)
      throw new InvalidArgument("%s is %d; it must be positive".formatted(name, value));
  }

  /// GPT-2 as published: MLPs four times as wide as the stream, biases, plain attention, a tied
  /// head, eps 1e-5.
  public static GptConfig of(int layers, int heads, int width, int context, int vocabulary) {
    return new GptConfig(
        layers, heads, width, usual(width), context, vocabulary, true, false, true, 1e-5);
  }

  /// The same without biases.
  public GptConfig withoutBias() {
    return new GptConfig(
        layers, heads, width, feedForward, context, vocabulary, false, scaledByLayer, tied, eps);
  }

  /// The same with attention scaled by 1 / (layer + 1).
  public GptConfig withScaleByLayer() {
    return new GptConfig(
        layers, heads, width, feedForward, context, vocabulary, bias, true, tied, eps);
  }

  /// The same with a head of its own.
  public GptConfig withUntiedHead() {
    return new GptConfig(
        layers, heads, width, feedForward, context, vocabulary, bias, scaledByLayer, false, eps);
  }

  /// The same with another number added to the variance in every layer norm.
  public GptConfig withEps(double eps) {
    return new GptConfig(
        layers, heads, width, feedForward, context, vocabulary, bias, scaledByLayer, tied, eps);
  }

  /// The same with another depth and width, the MLPs four times as wide as that.
  public GptConfig withSize(int layers, int heads, int width) {
    return new GptConfig(
        layers, heads, width, usual(width), context, vocabulary, bias, scaledByLayer, tied, eps);
  }

  /// The same with MLPs of another width.
  public GptConfig withFeedForward(int feedForward) {
    return new GptConfig(
        layers, heads, width, feedForward, context, vocabulary, bias, scaledByLayer, tied, eps);
  }

  private static int usual(int width) {
    if (width > Integer.MAX_VALUE / 4) {
      throw new InvalidArgument("width %d is too large".formatted(width));
    }
    return 4 * width;
  }

  /// D, channels of a head.
  public int headSize() {
    return width / heads;
  }

  /// Rows of the token embedding as held on the device: the vocabulary rounded up to a multiple of
  /// 128, so that products over it have whole tiles.
  public int paddedVocabulary() {
    return Math.ceilDiv(vocabulary, PADDING) * PADDING;
  }

  /// The factor of attention scores in layer `layer`.
  double attentionScale(int layer) {
    return 1 / (Math.sqrt(headSize()) * (scaledByLayer ? layer + 1 : 1));
  }

  /// Weights and biases, the padding not counted.
  public long parameterCount() {
    long biases = bias ? 1 : 0;
    long c = width;
    long f = feedForward;
    long block = 4 * c * c + 2 * c * f + (5 * c + f) * biases + 2 * c + 2 * c * biases;
    long tables = (tied ? 1 : 2) * (long) vocabulary + context;
    return layers * block + c + c * biases + tables * c;
  }

  /// FLOPs of training on one token of a window of `time`: two for each weight of a product
  /// forward, four backward, where the head's product counts and the embedding's look-up does
  /// not; then the scores and mixtures of causal attention, which on average reach over half of
  /// the window.
  public double flopsPerToken(long time) {
    return 6 * multipliedWeights() + 6 * mixed(time);
  }

  /// The forward part of [#flopsPerToken], a third of it.
  public double forwardFlopsPerToken(long time) {
    return 2 * multipliedWeights() + 2 * mixed(time);
  }

  /// FLOPs of a product with the Hessian for one token, counted the same way: what is computed
  /// twice for want of memory counts once.
  ///
  /// ```
  ///                  products with a weight      products of attention
  /// forward          1  x W                      2  q k, p v
  /// its tangent      2  tx W, x tW               4  tq k, q tk, tp v, p tv
  /// gradient         1  dy W                     4  for dq, dk, dp, dv
  /// tangent of that  4  tdy W, dy tW,            8  two for each of these
  ///                     x tdy, tx dy
  /// ```
  ///
  /// The gradient by a weight itself is not needed, only its tangent.
  public double hessianProductFlopsPerToken(long time) {
    return 2 * 8 * multipliedWeights() + 18 * mixed(time);
  }

  /// Weights that a token is multiplied with.
  private double multipliedWeights() {
    double c = width;
    return layers * (4 * c * c + 2 * c * feedForward) + vocabulary * c;
  }

  /// FLOPs of one of attention's products over half a window, in all layers.
  private double mixed(long time) {
    return (double) layers * width * time;
  }
}
