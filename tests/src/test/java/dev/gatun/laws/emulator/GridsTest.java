package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.memory.Device;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Where a device has room for all of them at once, a walk over elements has a thread for every 16,
/// in fp32 and in bf16: no fewer, which would leave loads waiting for each other, and no thread
/// without a piece. A device that has less room is given no more blocks than it holds.
@Tag("emulator")
class GridsTest {
  private static final int ELEMENTS_A_THREAD = 16;
  private static final int BLOCKS = 5;
  private static final int THREADS = 256;
  private static final int MANY = 64;

  /// The emulator's processors, and how many blocks each is given.
  private static final int ROOM = 3 * 8;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          unary_forward          | n=%d kind=8
          unary_pullback         | n=%d kind=8 fresh=0
          binary_forward         | outer=1 middle=%d inner=1
          binary_pullback        | outer=1 middle=%d inner=1 kind=3 da=absent fresh=0
          squared_error_pullback | n=%d
          fill                   | n=%d
          narrow                 | n=%d
          random_normal          | n=%d
          random_sign            | n=%d
          """)
  void hasAThreadForEverySixteenElements(String kernel, String sizes) {
    requireBlocks(kernel, sizes, BLOCKS, BLOCKS);
    requireBlocks(kernel, sizes, MANY, ROOM);
  }

  private static void requireBlocks(String kernel, String sizes, int wanted, int given) {
    int n = wanted * THREADS * ELEMENTS_A_THREAD;
    try (var device = Device.emulated();
        var meter = new Meter(device)) {
      Case.all(kernel, sizes.formatted(n))
          .forEach(
              call -> {
                var spent = meter.spent(call).values();
                assertEquals(given, Counts.sum(spent, "blocks"), call + ": " + spent);
              });
    }
  }
}
