package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.tensor.DType;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Attention on tensor cores makes two products a pair of tiles forward and seven backward,
/// its tangent five and the tangent of its pullback eighteen, and skips what the mask hides
/// from a whole strip of rows; a block brings the rows it owns once, and the other side once
/// as far as it sees it; no two lanes ever meet in a bank.
@Tag("emulator")
class AttentionBudgetsTest {
  /// FLOPs of one mma.m16n8k16.
  private static final long IN_MMA = 2 * 16 * 8 * 16;

  private static final int BF16_BYTES = 2;
  private static final int CONTEXT = 256;
  private static final int HEADS = 2;

  /// Of a kernel: rows of a block and of a warp, lines of a tile, products a pair of tiles,
  /// arrays whose rows are owned and whose lines are walked, and bytes of statistics that
  /// come with a line.
  private record Walk(
      int rows, int strip, int lines, int products, int owned, int walked, int statistics) {
    /// Blocks and strips that own queries see the lines before their end; those that own keys see
    /// the lines from their start on.
    private static boolean sees(
        boolean causal, boolean ownsQueries, int row, int rows, int line, int lines) {
      if (!causal) return true;
      return ownsQueries ? line < row + rows : line + lines > row;
    }

    private long seen(int rows, boolean causal, boolean ownsQueries) {
      return IntStream.range(0, CONTEXT / rows)
          .mapToLong(
              r ->
                  IntStream.rangeClosed(0, (CONTEXT - 1) / lines)
                      .filter(l -> sees(causal, ownsQueries, r * rows, rows, l * lines, lines))
                      .count())
          .sum();
    }

    long mma(int head, boolean causal, boolean ownsQueries) {
      long volume = (long) strip * lines * head;
      return HEADS * seen(strip, causal, ownsQueries) * products * 2 * volume / IN_MMA;
    }

    long asyncBytes(int head, boolean causal, boolean ownsQueries) {
      long owned = (long) CONTEXT * this.owned * head * BF16_BYTES;
      long brought = lines * seen(rows, causal, ownsQueries);
      return HEADS * (owned + brought * ((long) walked * head * BF16_BYTES + statistics));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
"""
attention_forward          | attention_forward_tiles            | 64  | 99  | true  | 128 | 32 | 64 | 2  | 1 | 2 | 0
          attention_pullback         | attention_pullback_queries         | 64  | 99  | true  | 128 | 32 | 32 | 3  | 2 | 2 | 0
          attention_pullback         | attention_pullback_keys            | 64  | 99  | false | 128 | 32 | 32 | 4  | 2 | 2 | 8
          attention_forward          | attention_forward_tiles            | 128 | 99  | true  | 128 | 32 | 32 | 2  | 1 | 2 | 0
          attention_pullback         | attention_pullback_queries         | 128 | 99  | true  | 128 | 16 | 32 | 3  | 2 | 2 | 0
          attention_pullback         | attention_pullback_queries         | 128 | 227 | true  | 128 | 16 | 64 | 3  | 2 | 2 | 0
          attention_pullback         | attention_pullback_keys            | 128 | 99  | false | 128 | 16 | 32 | 4  | 2 | 2 | 8
          attention_tangent          | attention_tangent_tiles            | 64  | 99  | true  | 128 | 32 | 32 | 5  | 2 | 4 | 0
          attention_pullback_tangent | attention_pullback_tangent_queries | 64  | 99  | true  | 128 | 16 | 32 | 8  | 4 | 4 | 0
          attention_pullback_tangent | attention_pullback_tangent_keys    | 64  | 99  | false | 128 | 16 | 32 | 10 | 4 | 4 | 16
          attention_tangent          | attention_tangent_tiles            | 128 | 99  | true  | 128 | 32 | 16 | 5  | 2 | 4 | 0
          attention_pullback_tangent | attention_pullback_tangent_queries | 128 | 99  | true  | 64  | 16 | 16 | 8  | 4 | 4 | 0
          attention_pullback_tangent | attention_pullback_tangent_keys    | 128 | 99  | false | 64  | 16 | 16 | 10 | 4 | 4 | 16
          attention_pullback_tangent | attention_pullback_tangent_queries | 128 | 227 | true  | 128 | 16 | 32 | 8  | 4 | 4 | 0
          attention_pullback_tangent | attention_pullback_tangent_keys    | 128 | 227 | false | 128 | 16 | 16 | 10 | 4 | 4 | 16
""")
  void multipliesWhatIsSeen(
      String function,
      String kernel,
      int head,
      long granted,
      boolean ownsQueries,
      int rows,
      int strip,
      int lines,
      int products,
      int owned,
      int walked,
      int statistics) {
    var walk = new Walk(rows, strip, lines, products, owned, walked, statistics);
    for (boolean causal : new boolean[] {true, false}) {
      var run = new Run(function, head, granted << 10, causal);
      var spent = SPENT.computeIfAbsent(run, AttentionBudgetsTest::spent).get(kernel);
      assertEquals(walk.mma(head, causal, ownsQueries), spent.of("products"), kernel + causal);
      assertEquals(walk.asyncBytes(head, causal, ownsQueries), spent.of("async_bytes"), kernel);
      assertEquals(spent.of("shared_passes_needed"), spent.of("shared_passes"), kernel);
      long results = (long) CONTEXT * HEADS * (ownsQueries ? 1 : 2) * head * BF16_BYTES;
      boolean pulls = function.startsWith("attention_pullback");
      long statisticsOut = pulls ? 0 : (long) CONTEXT * HEADS * Float.BYTES;
      assertEquals(results + statisticsOut, spent.of("written_bytes"), kernel);
    }
  }

  private record Run(String function, int head, long granted, boolean causal) {}

  /// A function's kernels are counted together, and looked at one by one.
  private static final Map<Run, Map<String, Counts>> SPENT = new HashMap<>();

  private static Map<String, Counts> spent(Run run) {
    var sizes =
        "batch=1 context=%d heads=%d head_size=%d documents=0 bounds=absent causal=%d"
            .formatted(CONTEXT, HEADS, run.head(), run.causal() ? 1 : 0);
    var call =
        Case.all(run.function(), sizes)
            .filter(each -> each.dtype() == DType.BF16)
            .findFirst()
            .orElseThrow();
    return Emulator.granting(run.granted(), device -> new Meter(device).spent(call));
  }
}
