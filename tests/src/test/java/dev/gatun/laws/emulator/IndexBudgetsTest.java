package dev.gatun.laws.emulator;

/// Rows by their index. Reading meets the rows that are named. Adding sorts the indices, which
/// is small beside the rows, and meets each row once; a table that is not fresh is read, where
/// all its rows are named. Where rows are ragged, each 32 columns look up theirs again, 8 bytes
/// each.
class IndexBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
        gather_forward     | rows=512 cols=768 table_rows=1000                                          | cols=765                        | y + indices                                    | y
        gather_pullback    | rows=512 cols=768 table_rows=32                                            |                                 | dy + indices                                   | dtable
        gather_pullback    | rows=512 cols=768 table_rows=32 fresh=0                                    |                                 | dy + indices + dtable                          | dtable
        gather_pullback    |                                                                            | rows=512 cols=765 table_rows=32 | dy + indices + 8*24*rows                       | dtable
        embedding_forward  | batch=2 context=256 cols=768 vocab=1000 positions=300                      | cols=765                        | 2*y + tokens                                   | y
        embedding_pullback | batch=2 context=256 cols=768 vocab=32 positions=300                        |                                 | 2*dy + tokens                                  | dtoken_table + dposition_table
        embedding_pullback | batch=2 context=256 cols=768 vocab=32 positions=256 fresh=0                |                                 | 2*dy + tokens + dtoken_table + dposition_table | dtoken_table + dposition_table
        embedding_pullback | batch=2 context=256 cols=768 vocab=32 positions=300 dposition_table=absent |                                 | dy + tokens                                    | dtoken_table
        """;
  }
}
