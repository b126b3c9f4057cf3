package dev.gatun.laws.emulator;

/// One element of each array. What stands still is read once for as many elements as stay before a
/// thread: the sizes are those at which each has 16 or more pieces.
class ElementwiseBudgetsTest extends Budgets {
  @Override
  String rows() {
    return """
        unary_forward          | n=262144 kind=6,8                                      | n=262141 shift=1      | x                       | y
        unary_pullback         | n=262144 kind=8                                        | n=262141 shift=1      | dy + x                  | dx
        unary_pullback         | n=262144 kind=8 fresh=0                                | n=262141 shift=1      | dy + x + dx             | dx
        unary_pullback         | n=262144 kind=6,7                                      | n=262141 shift=1      | dy                      | dx
        binary_forward         | outer=1 middle=262144 inner=1                          | middle=262141 shift=1 | a + b                   | y
        binary_forward         | outer=1366 middle=768 inner=1 kind=2                   | middle=765            | a + b                   | y
        binary_forward         | outer=1 middle=342 inner=768 kind=2                    | inner=765             | a + b                   | y
        binary_forward         | outer=8 middle=32 inner=1024 kind=3                    | inner=1023            | a + b                   | y
        binary_forward         | outer=1 middle=1 inner=262144 kind=2                   | inner=262141 shift=1  | a + b                   | y
        binary_pullback        | outer=1 middle=262144 inner=1 db=absent                | middle=262141 shift=1 | dy                      | da
        binary_pullback        | outer=1 middle=262144 inner=1 da=absent                | middle=262141 shift=1 | dy                      | db
        binary_pullback        | outer=1 middle=262144 inner=1 kind=2 da=absent         | middle=262141 shift=1 | dy + a                  | db
        binary_pullback        | outer=1 middle=262144 inner=1 kind=3 da=absent fresh=0 | middle=262141 shift=1 | dy + a + b + db         | db
        binary_pullback        | outer=1 middle=262144 inner=1 kind=5 db=absent         | middle=262141 shift=1 | dy + a + b              | da
        binary_pullback        | outer=1366 middle=768 inner=1 kind=2 db=absent         | middle=765            | dy + b                  | da
        binary_pullback        | outer=1366 middle=768 inner=1 kind=2 db=absent fresh=0 | middle=765            | dy + b + da             | da
        binary_pullback        | outer=1366 middle=768 inner=1 kind=2 da=absent         | middle=765            | dy + a                  | db
        binary_pullback        | outer=1 middle=342 inner=768 kind=2 db=absent          | inner=765             | dy + b                  | da
        binary_pullback        | outer=1 middle=342 inner=768 kind=2 da=absent          | inner=765             | dy + a                  | db
        binary_pullback        | outer=1 middle=1 inner=262144 kind=2 da=absent         | inner=262141 shift=1  | dy + a                  | db
        squared_error_forward  | n=262144                                               | n=262141 shift=1      | prediction + target     | loss
        squared_error_pullback | n=262144                                               | n=262141 shift=1      | prediction + target     | dprediction + dtarget
        squared_error_pullback | n=262144 fresh=0                                       | n=262141 shift=1      | 2*prediction + 2*target | dprediction + dtarget
        fill                   | n=262144                                               | n=262141 shift=1      | 0                       | x
        narrow                 | dtype=0 n=262144                                       | n=262141 shift=1      | x                       | y
        narrow                 | dtype=2 n=262144                                       | n=262141 shift=1      | x                       | y                 | 0 | y
        """;
  }
}
