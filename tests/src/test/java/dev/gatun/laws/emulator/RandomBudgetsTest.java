package dev.gatun.laws.emulator;

/// Random numbers are written, in accesses of 16 bytes wherever the array and its part of the
/// sequence begin; each warp reads the key.
class RandomBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
        random_normal  | first=0,3 n=262144        | n=262141 shift=1 | key | x
        random_uniform | first=0,3 n=262144 high=1 | n=262141 shift=1 | key | x
        random_sign    | first=0,3 n=262144        | n=262141 shift=1 | key | x
        random_normal  | first=3 n=262139 shift=1  |                  | key | x
        """;
  }
}
