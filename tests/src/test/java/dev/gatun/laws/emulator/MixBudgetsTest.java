package dev.gatun.laws.emulator;

/// Mixed layers: each is met once, up to 16 of either kind; the weights and the parts of their
/// gradient are small beside them.
class MixBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
    layer_mix_forward  | large=12 small=6 n=65536                    |  | x + w               | y
    layer_mix_forward  | large=16 small=16 n=32768                   |  | x + w               | y
    layer_mix_pullback | large=12 small=6 n=65536 dx=absent          |  | dy + x              | dw
    layer_mix_pullback | large=12 small=6 n=65536 dw=absent          |  | dy + w              | dx
    layer_mix_pullback | large=12 small=6 n=65536 dw=absent fresh=0  |  | dy + w + dx         | dx
    layer_mix_pullback | large=16 small=16 n=32768 dx=absent fresh=0 |  | dy + x + dw         | dw
    layer_mix_pullback | large=12 small=6 n=65536                    |  | 2*dy + x + w        | dw + dx
    """;
  }
}
