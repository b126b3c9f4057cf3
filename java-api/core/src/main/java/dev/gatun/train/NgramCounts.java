package dev.gatun.train;

/// How often each byte followed each context of one length: the counts of one order.
///
/// A context of bytes a b c is the number abc in base 256, so context and next byte are one number
/// of at most 32 bits. Up to two bytes of context the counts are an array; with three, of 2³²
/// possible runs some millions occur, and a hash table of them is smaller by a thousand.
final class NgramCounts {
  /// Longer contexts than this are hashed.
  private static final int DENSE_CONTEXT = 2;

  private final int[] total;
  private final short[] distinct;
  private final Table table;

  private NgramCounts(int context, Table table) {
    this.total = new int[1 << 8 * context];
    this.distinct = new short[1 << 8 * context];
    this.table = table;
  }

  static NgramCounts of(Tokens tokens, int context) {
    var table = context <= DENSE_CONTEXT ? new Dense(context) : new Hashed();
    var counts = new NgramCounts(context, table);
    counts.read(tokens, context);
    table.forEach(
        (run, count) -> {
          counts.total[run >>> 8] += count;
          counts.distinct[run >>> 8]++;
        });
    return counts;
  }

  /// The Witten-Bell mixture of these counts with the probability that shorter contexts gave.
  double smooth(int context, int next, double shorter) {
    int kinds = distinct[context];
    if (kinds == 0) return shorter;
    double count = table.count(context << 8 | next);
    return (count + kinds * shorter) / ((double) total[context] + kinds);
  }

  private void read(Tokens tokens, int context) {
    int mask = context == 3 ? -1 : (1 << 8 * (context + 1)) - 1;
    var run = new int[1];
    tokens.scan(
        (position, ids, n) -> {
          int recent = run[0];
          for (int i = 0; i < n; i++) {
            recent = (recent << 8 | ids[i]) & mask;
            if (position + i >= context) table.add(recent);
          }
          run[0] = recent;
          return true;
        });
  }

  private sealed interface Table {
    void add(int run);

    int count(int run);

    void forEach(Visitor visitor);
  }

  @FunctionalInterface
  private interface Visitor {
    void visit(int run, int count);
  }

  private record Dense(int[] counts) implements Table {
    Dense(int context) {
      this(new int[1 << 8 * (context + 1)]);
    }

    @Override
    public void add(int run) {
      counts[run]++;
    }

    @Override
    public int count(int run) {
      return counts[run];
    }

    @Override
    public void forEach(Visitor visitor) {
      for (int run = 0; run < counts.length; run++) {
        if (counts[run] > 0) visitor.visit(run, counts[run]);
      }
    }
  }

  /// Linear probing in slots of run (upper half) and count (lower half): one cache line a look-up.
  /// An empty slot is 0, which no entry is, for its count is at least one.
  private static final class Hashed implements Table {
    private static final int GOLDEN = 0x9e3779b9;

    private long[] slots = new long[1 << 16];
    private int used;

    @Override
    public void add(int run) {
      int slot = slot(run);
      if (slots[slot] != 0) {
        slots[slot]++;
        return;
      }
      slots[slot] = (long) run << 32 | 1;
      if (++used > slots.length / 2) grow();
    }

    @Override
    public int count(int run) {
      return (int) slots[slot(run)];
    }

    @Override
    public void forEach(Visitor visitor) {
      for (long slot : slots) {
        if (slot != 0) visitor.visit((int) (slot >>> 32), (int) slot);
      }
    }

    private int slot(int run) {
      int mask = slots.length - 1;
      int slot = run * GOLDEN >>> Integer.numberOfLeadingZeros(mask);
      while (slots[slot] != 0 && (int) (slots[slot] >>> 32) != run) slot = slot + 1 & mask;
      return slot;
    }

    private void grow() {
      var old = slots;
      slots = new long[2 * old.length];
      for (long entry : old) {
        if (entry != 0) slots[slot((int) (entry >>> 32))] = entry;
      }
    }
  }
}
