package dev.gatun.laws.emulator;

/// What stands around the products of a linear layer and of the head: the gradient before an
/// activation, with the sums of its columns; and rows of logits, which are met twice before
/// their gradient is written over them, the second time from the second-level cache; each warp
/// of a row looks up its target.
class AroundProductsBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
        linear_pullback    | rows=2048 in=32 out=256 activation=1 dx=absent dweight=absent                        | out=255                | dy + pre                       | dpre + dbias
        linear_pullback    | rows=2048 in=32 out=256 activation=0 dpre=absent pre=absent dx=absent dweight=absent | out=255                | dy                             | dbias
        head_loss_forward  | rows=64 cols=8 vocab=4092 stride=4096 chunk=64 keep_gradient=1                       | vocab=4092 stride=4095 | 2*rows*vocab*element + targets | logits + lse | 20*rows
        head_loss_forward  | rows=64 cols=8 vocab=4092 stride=4096 chunk=32 keep_gradient=0                       | vocab=4092 stride=4095 | rows*vocab*element + targets   | lse          | 20*rows
        head_loss_pullback | rows=64 cols=8 vocab=4092 stride=4096 chunk=32 kept=absent dx=absent dtable=absent   | vocab=4092 stride=4095 | 2*rows*vocab*element + targets | 2*scratch    | 20*rows
        """;
  }

  @Override
  boolean isMeant(String launch) {
    return !launch.startsWith("product_");
  }
}
