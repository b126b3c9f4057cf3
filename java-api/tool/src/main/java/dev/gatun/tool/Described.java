package dev.gatun.tool;

import static dev.gatun.tool.Amounts.format;

import dev.gatun.nn.GptConfig;

/// A model in words: how large it is and of which shape.
final class Described {
  private Described() {}

  static String model(GptConfig config) {
    return format(
        "%,d parameters: %d layers, %d heads, width %d,%s context %d, vocabulary %,d%s%s%s",
        config.parameterCount(),
        config.layers(),
        config.heads(),
        config.width(),
        config.feedForward() == 4 * config.width() ? "" : " MLPs of " + config.feedForward() + ",",
        config.context(),
        config.vocabulary(),
        config.bias() ? "" : ", no biases",
        config.scaledByLayer() ? ", attention scaled by layer" : "",
        config.tied() ? "" : ", a head of its own");
  }
}
