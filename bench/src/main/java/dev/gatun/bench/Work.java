package dev.gatun.bench;

import dev.gatun.nn.GptConfig;

/// A network and a batch by their name: layers, heads, width, context, vocabulary; sequences.
record Work(GptConfig config, int batch) {
  static Work of(String size) {
    return switch (size) {
      case "gpt2-124m" -> new Work(GptConfig.of(12, 12, 768, 64, 50257), 4);
      case "gpt2-14m" -> new Work(GptConfig.of(6, 6, 384, 256, 8192), 8);
      case "gpt2-1k-context" -> new Work(GptConfig.of(4, 8, 512, 1024, 4096), 2);
      default -> throw new IllegalArgumentException("no size is called " + size);
    };
  }
}
