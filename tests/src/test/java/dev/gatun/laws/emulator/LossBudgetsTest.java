package dev.gatun.laws.emulator;

/// Rows of logits. The forward pass meets them once. The pullback makes their sum again before it
/// writes, and so meets them twice, the second time from the second-level cache. Drawing a label
/// meets again what lies before it in a sixteenth of its row, half of that on average; each of its
/// 16 warps reads the target and the key.
class LossBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
    softmax_cross_entropy_forward  | rows=16 vocab=16380 stride=16384         | vocab=16379 stride=16381 | logits + targets   | lse     | 4*rows
    softmax_cross_entropy_pullback | rows=16 vocab=16380 stride=16384         | vocab=16379 stride=16381 | 2*logits + targets | dlogits | 2*rows
    softmax_cross_entropy_pullback | rows=16 vocab=16384 stride=16384 fresh=0 | vocab=16381 stride=16381 | 3*logits + targets | dlogits | 2*rows
    sample_categorical             | rows=16 vocab=16380 stride=16384 counted=absent | vocab=16379 stride=16381 | logits + targets + 512*rows*element | labels | 48*rows
    """;
  }
}
