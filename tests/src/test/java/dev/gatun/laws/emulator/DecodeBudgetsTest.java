package dev.gatun.laws.emulator;

/// A new token meets each key and each value before it once; its own come from its projection.
class DecodeBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
        attention_decode | batch=2 heads=4 capacity=1024 position=1023 head_size=64 | head_size=31 | keys + values + y | 3*y
        attention_decode | batch=64 heads=8 capacity=128 position=127 head_size=128 |              | keys + values + y | 3*y
        """;
  }
}
