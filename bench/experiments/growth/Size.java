package growth;

import java.util.List;

/// A byte GPT of 64 tokens of context whose heads have 32 columns.
record Size(int layers, int width) {
  static final Size BASE = new Size(4, 128);

  /// What the base grows from: half its layers, half its width, half of both.
  static final Size SHALLOW = new Size(2, 128), NARROW = new Size(4, 64), SMALL = new Size(2, 64);
  private static final int CONTEXT = 64, VOCABULARY = 256;

  /// Six for each weight that a token is multiplied with, then causal attention's.
  double flopsPerToken() {
    double weights = 12.0 * layers * width * width + VOCABULARY * width;
    return 6 * weights + 6.0 * layers * CONTEXT * width;
  }

  String word() {
    return layers + "x" + width;
  }

  List<String> options() {
    return List.of("--layers=" + layers, "--width=" + width, "--heads=" + width / 32);
  }
}
