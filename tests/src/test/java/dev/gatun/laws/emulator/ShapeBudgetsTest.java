package dev.gatun.laws.emulator;

/// Copies to another place: each element is read once and written once.
class ShapeBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
        transpose_forward    | batch=1 rows=512 cols=512                                  | rows=511 cols=513                | x            | y
        transpose_pullback   | batch=2 rows=256 cols=512                                  | rows=257 cols=511                | dy           | dx
        transpose_pullback   | batch=2 rows=256 cols=512 fresh=0                          | rows=257 cols=511                | dy + dx      | dx
        slice_forward        | outer=256 length=1536 inner=1 start=256 count=1024         | length=1535 start=255 count=1023 | y            | y
        slice_pullback       | outer=256 length=1536 inner=1 start=256 count=1024         | length=1535 start=255 count=1023 | dy           | dx
        slice_pullback       | outer=256 length=1536 inner=1 start=256 count=1024 fresh=0 | length=1535 start=255 count=1023 | 2*dy         | dy
        concatenate_forward  | outer=256 a_count=1024 b_count=512 inner=1                 | a_count=1023 b_count=513         | a + b        | y
        concatenate_pullback | outer=256 a_count=1024 b_count=512 inner=1                 | a_count=1023 b_count=513         | dy           | da + db
        concatenate_pullback | outer=256 a_count=1024 b_count=512 inner=1 fresh=0         | a_count=1023 b_count=513         | dy + da + db | da + db
        """;
  }
}
