package dev.gatun.laws;

/// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011) one block at a time, as the paper writes it.
public final class Philox {
  private Philox() {}

  /// The first `n` words of the sequence.
  public static int[] words(long seed, long sequence, int n) {
    var words = new int[n];
    for (int i = 0; i < n; i += 4) {
      var block = block(seed, i / 4, sequence);
      System.arraycopy(block, 0, words, i, Math.min(4, n - i));
    }
    return words;
  }

  private static int[] block(long seed, long block, long sequence) {
    int low = (int) seed;
    int high = (int) (seed >>> 32);
    int[] w = {(int) block, (int) (block >>> 32), (int) sequence, (int) (sequence >>> 32)};
    for (int round = 0; round < 10; round++) {
      long a = 0xD2511F53L * Integer.toUnsignedLong(w[0]);
      long b = 0xCD9E8D57L * Integer.toUnsignedLong(w[2]);
      w =
          new int[] {
            (int) (b >>> 32) ^ w[1] ^ low, (int) b, (int) (a >>> 32) ^ w[3] ^ high, (int) a
          };
      low += 0x9E3779B9;
      high += 0xBB67AE85;
    }
    return w;
  }
}
