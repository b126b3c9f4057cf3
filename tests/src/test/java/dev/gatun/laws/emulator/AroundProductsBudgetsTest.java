package dev.gatun.laws.emulator;

/// What stands around the products of a linear layer and of the head: the gradient before an
/// activation, with the sums of its columns; and rows of logits, which are met twice before their
/// gradient is written over them, the second time from the second-level cache.
class AroundProductsBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
        linear_pullback | rows=2048 in=32 out=256 activation=1 | out=255 | dy + pre | dpre + dbias
        linear_pullback | rows=2048 in=32 out=256 activation=0 dpre=absent pre=absent dweight=absent | out=255 | dy | dbias
        head_loss_forward | rows=16 cols=8 vocab=16380 stride=16384 chunk=16 keep_gradient=1 | vocab=16380 stride=16383 | 2*rows*vocab*element + targets | logits + lse | 4*rows
        head_loss_forward | rows=16 cols=8 vocab=16380 stride=16384 chunk=8 keep_gradient=0 | vocab=16380 stride=16383 | rows*vocab*element + targets | lse | 4*rows
        head_loss_pullback | rows=16 cols=8 vocab=16380 stride=16384 chunk=8 kept=absent | vocab=16380 stride=16383 | 2*rows*vocab*element + targets | 2*scratch | 4*rows
        """;
  }

  @Override
  boolean isMeant(String launch) {
    return !launch.startsWith("product_");
  }
}
