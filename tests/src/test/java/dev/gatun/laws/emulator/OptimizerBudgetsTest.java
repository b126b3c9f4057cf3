package dev.gatun.laws.emulator;

/// A step reads weight, both moments and gradient, and writes the first three. Weights in bf16
/// move 8 bytes at a time, beside 16 of the rest.
class OptimizerBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
        adamw_step       | dtype=0 n=262144 decayed=1000 first=0 master=absent key=absent norm=absent | n=262141 shift=1 | weights + m + v + gradients | weights + m + v
        adamw_step       | dtype=0 n=262144 decayed=1000 first=0 master=absent                        | n=262141 shift=1 | weights + m + v + gradients | weights + m + v
        adamw_step       | dtype=2 n=262144 decayed=1000 first=0 master=absent                        | n=262141 shift=1 | weights + m + v + gradients | weights + m + v          | 0 | 2*weights
        adamw_step       | dtype=2 n=262144 decayed=1000 first=0                                      | n=262141 shift=1 | master + m + v + gradients  | weights + master + m + v | 0 | weights
        adamw_table_step | dtype=0 tensors=5 each=52432 masters=absent                                | each=52429       | 16*tensors*each             | 12*tensors*each
        """;
  }
}
