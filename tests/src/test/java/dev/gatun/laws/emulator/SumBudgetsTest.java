package dev.gatun.laws.emulator;

/// Long sums: one pass over what is summed, and parts of sums that are small beside it.
class SumBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
        reduce_forward  | outer=342 middle=768 inner=1 kind=1         | middle=765            | x       | y
        reduce_forward  | outer=1 middle=342 inner=768 kind=1         | inner=765             | x       | y
        reduce_forward  | outer=8 middle=128 inner=256 kind=1         | inner=257             | x       | y
        reduce_forward  | outer=1 middle=262144 inner=1               | middle=262141 shift=1 | x       | y
        reduce_pullback | outer=342 middle=768 inner=1 kind=1         | middle=765            | dy      | dx
        reduce_pullback | outer=1 middle=1366 inner=768 kind=1        | inner=765             | dy      | dx
        reduce_pullback | outer=8 middle=512 inner=256 kind=1         | inner=257             | dy      | dx
        reduce_pullback | outer=8 middle=512 inner=256 kind=1 fresh=0 | inner=257             | dy + dx | dx
        global_norm     | n=262144                                    | n=262141 shift=1      | x       | norm
        """;
  }
}
