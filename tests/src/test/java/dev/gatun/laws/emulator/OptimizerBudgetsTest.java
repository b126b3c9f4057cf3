package dev.gatun.laws.emulator;

/// A step reads weight, both moments and gradient, and writes the first three.
class OptimizerBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
        adamw_step       | n=262144 decayed=1000 norm=absent | n=262141 shift=1 | weights + m + v + gradients | weights + m + v
        adamw_step       | n=262144 decayed=1000             | n=262141 shift=1 | weights + m + v + gradients | weights + m + v
        adamw_table_step | tensors=5 each=52432              | each=52429       | 16*tensors*each             | 12*tensors*each
        """;
  }
}
