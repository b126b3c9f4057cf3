package dev.gatun.laws.emulator;

import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// Writes the table of hot kernels into a Markdown file, between the two lines that mark its
/// place. Arguments: the file, and a build of libgatun_cuda.so for all targets.
final class KernelTable {
  static final String BEGIN = "<!-- table of kernels -->\n";
  static final String END = "<!-- end of the table of kernels -->\n";

  /// `function | sizes on the GPU | the kernel that does the work`. What the function must move,
  /// and the sizes at which it is counted, are those of its first row among the budgets.
  private static final String ROWS =
      """
      layernorm_forward              | rows=65536 cols=768                                       | layernorm_forward_in_registers<bf16, 4, false>
      layernorm_pullback             | rows=65536 cols=768                                       | layernorm_pullback_in_registers<bf16, 4>
      residual_layernorm_forward     | rows=65536 cols=768                                       | layernorm_forward_in_registers<bf16, 4, true>
      residual_layernorm_pullback    | rows=65536 cols=768                                       | layernorm_pullback_in_registers<bf16, 4>
      unary_forward                  | n=201326592 kind=8                                        | map_elements<bf16, 1, Gelu>
      unary_pullback                 | n=201326592 kind=8                                        | map_elements<bf16, 2, Gelu::Pull>
      linear_pullback                | rows=65536 in=768 out=3072                                | linear_pre_gradient<bf16, Vector>
      embedding_forward              | batch=64 context=1024 cols=768 vocab=50304 positions=1024 | rows_lookup<bf16, Vector, true>
      embedding_pullback             | batch=64 context=1024 cols=768 vocab=50304 positions=1024 | rows_add<bf16, float, Vector>
      softmax_cross_entropy_forward  | rows=65536 vocab=50257 stride=50304                       | softmax_cross_entropy_forward_block_per_row<bf16, Vector, false>
      softmax_cross_entropy_pullback | rows=65536 vocab=50257 stride=50304                       | softmax_cross_entropy_pullback_block_per_row<bf16, Vector>
      reduce_forward                 | outer=65536 middle=768 inner=1                            | sum_lines<float, bf16, 1, Identity, Share<bf16>>
      layer_mix_forward              | large=12 small=6 n=4718592                                | layer_mix<bf16>
      layer_mix_pullback             | large=12 small=6 n=4718592 dx=absent                      | layer_mix_products<bf16>
      transpose_forward              | batch=1 rows=8192 cols=8192                               | transpose_vectors<bf16>
      attention_decode               | batch=64 heads=12 capacity=1024 position=1023 head_size=64 | attention_decode_parts<bf16, Vector>
      global_norm                    | n=124475904                                               | sum_lines<double, float, 1, SquareInDouble, Root<float>>
      adamw_step                     | n=124475904                                               | step_arena<AdamW, float>
      adamw_table_step               | tensors=148 each=841053                                   | step_table<AdamW, float>
      sophia_step                    | n=124475904                                               | step_arena<Sophia, float>
      lion_step                      | n=124475904                                               | step_arena<Lion, float>
      curvature_hutchinson           | n=124475904                                               | curvature_hutchinson_blend<Normals<float>, float>
      curvature_bartlett             | n=124475904                                               | curvature_bartlett_blend<float>
      sample_categorical             | rows=65536 vocab=50257 stride=50304                       | sample_categorical_block_per_row<bf16, Vector>
      random_normal                  | n=124475904                                               | random_runs<float, 1, Normal<float>>
      """;

  /// Bound by arithmetic: `function | sizes on the GPU | the kernel | sizes at which it is counted
  /// | what must move then | FLOPs on the GPU | what must move there`.
  private static final String PRODUCTS =
      """
      matmul_forward | batch=1 rows=8192 cols=8192 inner=8192              | product_of_tiles<TensorTile<128, 256, 2, 4, 4, 1, false>, false, false> | batch=1 rows=512 cols=512 inner=128              | 2*a + 4*b + c | 2*batch*rows*cols*inner | a + b + c
      matmul_forward | batch=1 rows=8192 cols=8192 inner=8192 transposed=2 | product_of_tiles<TensorTile<128, 256, 2, 4, 4, 1, false>, false, true>  | batch=1 rows=512 cols=512 inner=128 transposed=2 | 2*a + 4*b + c | 2*batch*rows*cols*inner | a + b + c
      matmul_forward | batch=1 rows=8192 cols=8192 inner=8192 transposed=1 | product_of_tiles<TensorTile<128, 256, 2, 4, 4, 1, false>, true, false>  | batch=1 rows=512 cols=512 inner=128 transposed=1 | 2*a + 4*b + c | 2*batch*rows*cols*inner | a + b + c
      """;

  /// As `PRODUCTS`, for one head over 256 positions, causal, of which a block owns 128: it brings
  /// the other side's rows once and a half. The FLOPs are those of the half that is seen.
  private static final String ATTENTION =
      """
      attention_forward          | batch=16 heads=16 context=4096 head_size=64  | attention_forward_tiles<Shape<TensorCores, 64, 4, 2, 64,            | batch=1 heads=1 context=256 head_size=64 documents=0 bounds=absent causal=1  | 5*y + lse         | 2*batch*heads*context*context*head_size  | qkv + y
      attention_pullback         | batch=16 heads=16 context=4096 head_size=64  | attention_pullback_queries<Shape<TensorCores, 64, 4, 2, 32,         | batch=1 heads=1 context=256 head_size=64 documents=0 bounds=absent causal=1  | 6*y + lse + delta | 3*batch*heads*context*context*head_size  | qkv + 2*y
      attention_pullback         | batch=16 heads=16 context=4096 head_size=64  | attention_pullback_keys<Shape<TensorCores, 64, 4, 2, 32,            | batch=1 heads=1 context=256 head_size=64 documents=0 bounds=absent causal=1  | 7*y + 3*lse       | 4*batch*heads*context*context*head_size  | qkv + 3*y
      attention_forward          | batch=16 heads=16 context=4096 head_size=128 | attention_forward_tiles<Shape<TensorCores, 128, 4, 2, 32,           | batch=1 heads=1 context=256 head_size=128 documents=0 bounds=absent causal=1 | 5*y + lse         | 2*batch*heads*context*context*head_size  | qkv + y
      attention_pullback         | batch=16 heads=16 context=4096 head_size=128 | attention_pullback_queries<Shape<TensorCores, 128, 8, 1, 32,        | batch=1 heads=1 context=256 head_size=128 documents=0 bounds=absent causal=1 | 6*y + lse + delta | 3*batch*heads*context*context*head_size  | qkv + 2*y
      attention_pullback         | batch=16 heads=16 context=4096 head_size=128 | attention_pullback_keys<Shape<TensorCores, 128, 8, 1, 32,           | batch=1 heads=1 context=256 head_size=128 documents=0 bounds=absent causal=1 | 7*y + 3*lse       | 4*batch*heads*context*context*head_size  | qkv + 3*y
      attention_tangent          | batch=16 heads=16 context=4096 head_size=64  | attention_tangent_tiles<Shape<TensorCores, 64, 4, 2, 32,            | batch=1 heads=1 context=256 head_size=64 documents=0 bounds=absent causal=1  | 10*y + 2*lse      | 5*batch*heads*context*context*head_size  | 2*qkv + 2*y
      attention_tangent          | batch=16 heads=16 context=4096 head_size=128 | attention_tangent_tiles<Shape<TensorCores, 128, 4, 2, 16,           | batch=1 heads=1 context=256 head_size=128 documents=0 bounds=absent causal=1 | 10*y + 2*lse      | 5*batch*heads*context*context*head_size  | 2*qkv + 2*y
      attention_pullback_tangent | batch=16 heads=16 context=4096 head_size=64  | attention_pullback_tangent_queries<Shape<TensorCores, 64, 8, 1, 32, | batch=1 heads=1 context=256 head_size=64 documents=0 bounds=absent causal=1  | 11*y + 4*lse      | 8*batch*heads*context*context*head_size  | 2*qkv + 3*y
      attention_pullback_tangent | batch=16 heads=16 context=4096 head_size=64  | attention_pullback_tangent_keys<Shape<TensorCores, 64, 8, 1, 32,    | batch=1 heads=1 context=256 head_size=64 documents=0 bounds=absent causal=1  | 12*y + 6*lse      | 10*batch*heads*context*context*head_size | 2*qkv + 4*y
      """;

  private static final List<Budgets> BUDGETS =
      List.of(
          new NormBudgetsTest(),
          new ElementwiseBudgetsTest(),
          new AroundProductsBudgetsTest(),
          new IndexBudgetsTest(),
          new MixBudgetsTest(),
          new DecodeBudgetsTest(),
          new LossBudgetsTest(),
          new SumBudgetsTest(),
          new ShapeBudgetsTest(),
          new OptimizerBudgetsTest(),
          new RandomBudgetsTest());

  /// A line of the table: what is called, and where; at what sizes it is counted, over which of
  /// its launches, and what it must move then; its FLOPs on the GPU.
  private record Line(
      String function,
      String sizes,
      String kernel,
      String counted,
      Predicate<String> meant,
      String must,
      String flops,
      String once) {}

  private final List<Assembled> assembled;
  private final Meter meter = new Meter();

  private KernelTable(List<Assembled> assembled) {
    this.assembled = assembled;
  }

  public static void main(String[] args) throws IOException {
    var file = Path.of(args[0]);
    var table = new KernelTable(Assembled.all(Path.of(args[1])));
    var text = Files.readString(file);
    int from = text.indexOf(BEGIN) + BEGIN.length();
    var before = text.substring(0, from);
    var after = text.substring(text.indexOf(END));
    Files.writeString(file, before + table.markdown() + after);
  }

  private String markdown() {
    return lines()
        .map(this::row)
        .collect(
            joining(
                "",
                "| function | at | kernel | moved | registers | shared | occupancy | at least |\n"
                    + "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |\n",
                ""));
  }

  private static Stream<Line> lines() {
    return Stream.concat(
        ROWS.lines().map(KernelTable::budgeted),
        (PRODUCTS + ATTENTION).lines().map(KernelTable::product));
  }

  /// What the table's lines are about: function, sizes and the beginning of the kernel's name.
  static List<List<String>> subjects() {
    return lines().map(line -> List.of(line.function(), line.sizes(), line.kernel())).toList();
  }

  private static String[] columns(String line) {
    return Arrays.stream(line.split("\\|")).map(String::strip).toArray(String[]::new);
  }

  private static Line budgeted(String line) {
    var columns = columns(line);
    for (var budgets : BUDGETS) {
      for (var row : budgets.rows().lines().map(BudgetRow::parse).toList()) {
        if (!row.kernel().equals(columns[0])) continue;
        var must = row.read() + "+" + row.written();
        return new Line(
            columns[0], columns[1], columns[2], row.sizes(), budgets::isMeant, must, "0", must);
      }
    }
    throw new IllegalArgumentException(columns[0] + " has no budget");
  }

  private static Line product(String line) {
    var columns = columns(line);
    var kernel = columns[2];
    return new Line(
        columns[0],
        columns[1],
        kernel,
        columns[3],
        launch -> launch.equals(base(kernel)),
        columns[4],
        columns[5],
        columns[6]);
  }

  /// A kernel's name without its types.
  private static String base(String kernel) {
    return kernel.substring(0, kernel.indexOf('<'));
  }

  private String row(Line line) {
    var counted = last(line.function(), line.counted());
    var gpu = last(line.function(), line.counted() + " " + line.sizes());
    var spent = meter.spent(counted);
    spent.keySet().removeIf(line.meant().negate());
    double moved =
        Counts.sum(spent.values(), "read_bytes") + Counts.sum(spent.values(), "written_bytes");
    double share = moved / counted.bytes(line.must());
    var launch = spent.get(base(line.kernel()));
    var assembled = Assembled.of(this.assembled, line.kernel());
    int registers = assembled.registers();
    double occupancy = Hopper.occupancy(launch.of("threads"), registers, launch.of("shared_bytes"));
    boolean isProduct = !line.flops().equals("0");
    double bytes = isProduct ? gpu.bytes(line.once()) : share * gpu.bytes(line.must());
    double seconds = Hopper.seconds(bytes, gpu.bytes(line.flops()));
    return "| `%s` | %s | `%s` | %.3f | %d | %.1f KB | %.0f%% | %.3g ms |%n"
        .formatted(
            line.function(),
            line.sizes(),
            assembled.name().replaceFirst("\\(.*", ""),
            share,
            registers,
            launch.of("shared_bytes") / 1024.0,
            100 * occupancy,
            1e3 * seconds);
  }

  /// In bf16 where there is that, and the last of the values to try.
  private static Case last(String function, String sizes) {
    return Case.all(function, sizes).reduce((one, next) -> next).orElseThrow();
  }
}
