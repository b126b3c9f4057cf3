package dev.gatun.laws.emulator;

/// A step reads weights, states and gradients, and writes the weights and the states that it
/// updates: Sophia its mean, not the curvature. Weights in bf16 move 8 bytes at a time, beside 16
/// of the rest. An estimate of the curvature reads no probe.
class OptimizerBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
        adamw_step       | dtype=0 n=262144 decayed=1000 first=0 master=absent key=absent norm=absent | n=262141 shift=1 | weights + m + v + gradients | weights + m + v
        adamw_step       | dtype=0 n=262144 decayed=1000 first=0 master=absent                        | n=262141 shift=1 | weights + m + v + gradients | weights + m + v
        adamw_step       | dtype=2 n=262144 decayed=1000 first=0 master=absent                        | n=262141 shift=1 | weights + m + v + gradients | weights + m + v          | 0 | 2*weights
        adamw_step       | dtype=2 n=262144 decayed=1000 first=0                                      | n=262141 shift=1 | master + m + v + gradients  | weights + master + m + v | 0 | weights
        adamw_table_step | dtype=0 tensors=5 each=52432 masters=absent                                | each=52429       | 16*tensors*each             | 12*tensors*each
        sophia_step      | dtype=0 n=262144 decayed=1000 first=0 master=absent key=absent norm=absent | n=262141 shift=1 | weights + m + h + gradients | weights + m
        sophia_step      | dtype=2 n=262144 decayed=1000 first=0 master=absent                        | n=262141 shift=1 | weights + m + h + gradients | weights + m              | 0 | 2*weights
        sophia_step      | dtype=2 n=262144 decayed=1000 first=0                                      | n=262141 shift=1 | master + m + h + gradients  | weights + master + m     | 0 | weights
        sophia_table_step | dtype=0 tensors=5 each=52432 masters=absent                               | each=52429       | 16*tensors*each             | 8*tensors*each
        lion_step        | dtype=0 n=262144 decayed=1000 first=0 master=absent key=absent norm=absent | n=262141 shift=1 | weights + m + gradients     | weights + m
        lion_step        | dtype=2 n=262144 decayed=1000 first=0                                      | n=262141 shift=1 | master + m + gradients      | weights + master + m     | 0 | weights
        lion_table_step  | dtype=0 tensors=5 each=52432 masters=absent                                | each=52429       | 12*tensors*each             | 8*tensors*each
        curvature_hutchinson | first=0 n=262144 probe=0,1                                             | n=262141 shift=1 | h + product                 | h
        curvature_bartlett   | n=262144                                                               | n=262141 shift=1 | h + gradients               | h
        """;
  }
}
