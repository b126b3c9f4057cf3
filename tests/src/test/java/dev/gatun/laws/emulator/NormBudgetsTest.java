package dev.gatun.laws.emulator;

/// Rows through a norm: each is read once and written once. Mean and reciprocal deviation of a
/// row lie apart from all else that its warp meets.
class NormBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
        layernorm_forward           | rows=512 cols=768         | cols=765 | x + weight + bias                                    | y + mean + rstd                  | 2*rows
        layernorm_pullback          | rows=512 cols=768         | cols=765 | dy + x + weight + mean + rstd                        | dx + dweight + dbias             | 2*rows
        layernorm_pullback          | rows=512 cols=768 fresh=0 | cols=765 | dy + x + dx + weight + mean + rstd + dweight + dbias | dx + dweight + dbias             | 2*rows
        residual_layernorm_forward  | rows=512 cols=768         | cols=765 | x + residual + weight + bias                         | sum + y + mean + rstd            | 2*rows
        residual_layernorm_pullback | rows=512 cols=768         | cols=765 | dsum + dy + sum + weight + mean + rstd               | dx + dresidual + dweight + dbias | 2*rows
        layernorm_forward           | rows=640 cols=1600        |          | x + weight + bias                                    | y + mean + rstd                  | 2*rows
        layernorm_pullback          | rows=640 cols=1600        |          | dy + x + weight + mean + rstd                        | dx + dweight + dbias             | 2*rows
        """;
  }
}
