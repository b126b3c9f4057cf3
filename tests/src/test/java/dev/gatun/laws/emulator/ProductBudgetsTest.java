package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.tensor.DType;
import java.util.Collection;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A product of tiles brings each factor to shared memory once for every tile along its other
/// side, behind the kernel's back; multiplies whole tiles; and no two lanes ever meet in a bank.
@Tag("emulator")
class ProductBudgetsTest {
  /// FLOPs of one mma.m16n8k16.
  private static final long IN_MMA = 2 * 16 * 8 * 16;

  private static Meter meter;

  @BeforeAll
  static void open() {
    meter = new Meter();
  }

  @AfterAll
  static void close() {
    meter.close();
  }

  /// Read are `factors`, by asynchronous copies where rows begin where a vector may, and what
  /// stands `beside`: parts of sums, and a bias once for the rows that a warp finishes together,
  /// four in bf16 and two in fp32. `multiplied` is the volume of all tiles.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # tiles of 128 x 256, of 128 x 128, of 64 x 64, and of 64 x 64 in three parts
          BF16 | matmul_forward  | batch=1 rows=512 cols=512 inner=128 transposed=0,1,2,3                | 2*a + 4*b      | 0            | c                | 512*512*128
          BF16 | matmul_forward  | batch=1 rows=640 cols=640 inner=64 transposed=0,1,2,3                 | 5*a + 5*b      | 0            | c                | 640*640*64
          BF16 | matmul_forward  | batch=1 rows=128 cols=128 inner=1024 transposed=0,1,2,3               | 2*a + 2*b      | 0            | c                | 128*128*1024
          BF16 | matmul_forward  | batch=1 rows=64 cols=64 inner=1024 transposed=0,1,2,3                 | a + b          | 12*rows*cols | c + 12*rows*cols | 64*64*1024
          # ragged: tiles of 128 x 128
          BF16 | matmul_forward  | batch=2 rows=65 cols=72 inner=40 transposed=0,2                       | a + b          | 0            | c                | 2*128*128*64
          BF16 | matmul_forward  | batch=1 rows=200 cols=264 inner=72 transposed=0,1,2,3                 | 3*a + 2*b      | 0            | c                | 256*384*96
          # rows that begin anywhere: tiles of 64 x 64
          BF16 | matmul_forward  | batch=1 rows=65 cols=33 inner=41 transposed=0,1,2,3                   | 0              | a + 2*b      | c                | 128*64*64
          # gradients: of both factors, of a layer's input, and of its weight and bias
          BF16 | matmul_pullback | batch=1 rows=512 cols=512 inner=128 db=absent                         | dc + 4*b       | 0            | da               | 512*512*128
          BF16 | matmul_pullback | batch=1 rows=512 cols=128 inner=512 da=absent                         | dc*4 + a       | 0            | db               | 512*512*128
          BF16 | linear_forward  | rows=256 in=128 out=512 activation=1                                  | 4*x + 2*weight | rows*out     | y + pre          | 256*128*512
          BF16 | linear_pullback | rows=256 in=256 out=256 activation=0 dpre=absent pre=absent dx=absent | x + 2*dy       | 0            | dweight + dbias  | 256*256*256
          # without tensor cores: tiles of 128 x 128, and of 64 x 64 in three parts
          F32  | matmul_forward  | batch=1 rows=256 cols=256 inner=64 transposed=0,1,2,3                 | 2*a + 2*b      | 0            | c                | 0
          F32  | matmul_forward  | batch=1 rows=64 cols=64 inner=1024 transposed=0,1,2,3                 | a + b          | 12*rows*cols | c + 12*rows*cols | 0
          F32  | matmul_forward  | batch=1 rows=200 cols=264 inner=72 transposed=0,1,2,3                 | 3*a + 2*b      | 0            | c                | 0
          F32  | matmul_forward  | batch=1 rows=65 cols=33 inner=41 transposed=0,1,2,3                   | 0              | a + 2*b      | c                | 0
          F32  | linear_forward  | rows=256 in=128 out=512 activation=1                                  | 4*x + 2*weight | 2*rows*out   | y + pre          | 0
          F32  | linear_pullback | rows=256 in=256 out=256 activation=0 dpre=absent pre=absent dx=absent | 2*x + 2*dy     | 0            | dweight + dbias  | 0
          """)
  void bringsEachTileOnceAndMultipliesIt(
      DType dtype,
      String kernel,
      String sizes,
      String factors,
      String beside,
      String written,
      String multiplied) {
    Case.all(kernel, sizes)
        .filter(call -> call.dtype() == dtype)
        .forEach(
            call -> {
              var spent = meter.spent(call).values();
              long brought = call.bytes(factors);
              require(call, spent, "async_bytes", brought);
              require(call, spent, "read_bytes", brought + call.bytes(beside));
              require(call, spent, "written_bytes", call.bytes(written));
              require(call, spent, "products", 2 * call.bytes(multiplied) / IN_MMA);
              long passes = Counts.sum(spent, "shared_passes_needed");
              require(call, spent, "shared_passes", passes);
            });
  }

  private static void require(Case call, Collection<Counts> spent, String field, long expected) {
    assertEquals(expected, Counts.sum(spent, field), () -> call + " " + field + ": " + spent);
  }
}
