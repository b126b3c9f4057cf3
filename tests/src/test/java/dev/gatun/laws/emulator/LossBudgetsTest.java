package dev.gatun.laws.emulator;

/// Rows of logits. The forward pass meets them once. The pullback makes their sum again before it
/// writes, and so meets them twice, the second time from the second-level cache.
class LossBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
        softmax_cross_entropy_forward  | rows=16 vocab=16380 stride=16384         | vocab=16379 stride=16381 | logits + targets   | lse     | 4*rows
        softmax_cross_entropy_pullback | rows=16 vocab=16380 stride=16384         | vocab=16379 stride=16381 | 2*logits + targets | dlogits | 2*rows
        softmax_cross_entropy_pullback | rows=16 vocab=16384 stride=16384 fresh=0 | vocab=16381 stride=16381 | 3*logits + targets | dlogits | 2*rows
        """;
  }
}
