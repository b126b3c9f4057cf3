package dev.gatun.laws.manners;

import dev.gatun.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Samples for ThreadSanitizer, under which a kernel runs a hundred times slower: a few of each
/// kernel, which reach its main loops and its ragged edges in a few blocks, and make each block of
/// a device with one processor go round again.
final class ReplaySamples {
  private static final String TABLE =
      """
      unary_forward                  n=4100,4099 alpha=0.5 kind=8 dtype=0,2
      unary_pullback                 n=4100,4099 alpha=0.5 kind=8 dtype=0,2
      binary_forward                 outer=33 middle=64 inner=1 kind=2 dtype=0,2
      binary_forward                 outer=3 middle=5 inner=77 kind=3 dtype=0,1
      binary_pullback                outer=133 middle=64 inner=1 kind=2 dtype=0,2
      binary_pullback                outer=3 middle=5 inner=77 kind=5 dtype=0,1
      reduce_forward                 outer=300 middle=9 inner=1 kind=1 dtype=0,2
      reduce_forward                 outer=3 middle=2300 inner=1 kind=1 dtype=0
      reduce_forward                 outer=1 middle=259 inner=72,7 kind=1 dtype=0,2
      reduce_forward                 outer=12 middle=40 inner=40 kind=0 dtype=0
      reduce_pullback                outer=3 middle=259 inner=1 kind=1 dtype=0,2
      reduce_pullback                outer=1 middle=259 inner=7 kind=1 dtype=0,1
      transpose_forward              batch=1 rows=168 cols=136 dtype=0,2
      transpose_forward              batch=2 rows=105 cols=67 dtype=0,2
      transpose_pullback             batch=1 rows=72 cols=40,67 dtype=0,2
      slice_forward                  outer=5 length=16 inner=8,7 start=4 count=8 dtype=0,2
      slice_pullback                 outer=5 length=16 inner=8,7 start=4 count=8 dtype=0,2
      concatenate_forward            outer=3 a_count=8 b_count=4 inner=8 dtype=0,2
      concatenate_forward            outer=3 a_count=5 b_count=4 inner=7 dtype=0,2
      concatenate_pullback           outer=3 a_count=8 b_count=4 inner=8 dtype=0,2
      concatenate_pullback           outer=3 a_count=5 b_count=4 inner=7 dtype=0,2
      gather_forward                 rows=65 cols=72,33 table_rows=9 dtype=0,2
      gather_pullback                rows=70 cols=72,33 table_rows=9 dtype=0,2
      gather_pullback                rows=4200 cols=2 table_rows=17 dtype=0
      layer_mix_forward              large=5 small=3 n=1032,1031 dtype=0,2
      layer_mix_forward              large=66 small=17 n=72 dtype=0
      layer_mix_pullback             large=5 small=3 n=4104,1031 dtype=0,2
      layer_mix_pullback             large=18 small=17 n=72 dtype=0
      squared_error_forward          n=4100,40001 dtype=0,2
      squared_error_pullback         n=4100,4099 dtype=0,2
      fill                           n=4099 value=1.5 dtype=0,2
      narrow                         n=4099 dtype=0,2
      matmul_forward                 batch=1 rows=136 cols=264 inner=136 transposed=0,1,2,3 dtype=2
      matmul_forward                 batch=1 rows=33 cols=41 inner=300 transposed=0,1,2,3 dtype=0,2
      matmul_forward                 batch=2 rows=33 cols=41 inner=40 transposed=0,3 dtype=1
      matmul_forward                 batch=1 rows=132 cols=128 inner=68 transposed=0 dtype=0
      matmul_pullback                batch=1 rows=40 cols=72 inner=136 transposed=0,3 dtype=0,2
      linear_forward                 rows=40 in=72 out=136 activation=0 pre=absent dtype=0,2
      linear_forward                 rows=33 in=40 out=41 activation=1 dtype=0,2
      linear_pullback                rows=70 in=40 out=72 activation=0 dpre=absent pre=absent x_pre=absent dtype=0,2
      linear_pullback                rows=70 in=40 out=72,33 activation=1 dpre=present pre=present dtype=0,2
      embedding_forward              batch=2 context=9 cols=72,33 vocab=9 positions=16 dtype=0,2
      embedding_pullback             batch=2 context=35 cols=72,33 vocab=9 positions=40 dtype=0,2
      layernorm_forward              rows=37 cols=40,33 eps=1e-5 dtype=0,2
      layernorm_forward              rows=2 cols=768,25000 eps=1e-5 dtype=0
      layernorm_pullback             rows=21 cols=40,33 dtype=0,2
      layernorm_pullback             rows=2 cols=768,6148 dtype=0
      residual_layernorm_forward     rows=37 cols=40,33 eps=1e-5 dtype=0,2
      residual_layernorm_pullback    rows=21 cols=40,33 dtype=0,2
      attention_forward              batch=1 context=37 heads=1 head_size=16 scale=0.25 documents=0 bounds=absent causal=0 dtype=0
      attention_forward              batch=1 context=9 heads=4 head_size=20 scale=0.25 documents=0 bounds=absent causal=1 dtype=2
      attention_forward              batch=1 context=130 heads=1 head_size=40,72 scale=0.25 documents=0 bounds=absent causal=0 dtype=2
      attention_forward              batch=2 context=19 heads=1 head_size=16 scale=0.25 documents=3 bounds=present causal=1 dtype=0
      attention_pullback             batch=1 context=37 heads=1 head_size=16 scale=0.25 documents=0 bounds=absent causal=0 dtype=0
      attention_pullback             batch=1 context=9 heads=4 head_size=20 scale=0.25 documents=0 bounds=absent causal=1 dtype=2
      attention_pullback             batch=1 context=130 heads=1 head_size=40,72 scale=0.25 documents=0 bounds=absent causal=0 dtype=2
      attention_pullback             batch=2 context=19 heads=1 head_size=16 scale=0.25 documents=3 bounds=present causal=1 dtype=0
      attention_tangent              batch=1 context=37 heads=1 head_size=16 scale=0.25 documents=0 bounds=absent causal=0 dtype=0
      attention_tangent              batch=1 context=9 heads=4 head_size=20 scale=0.25 documents=0 bounds=absent causal=1 dtype=2
      attention_tangent              batch=1 context=70 heads=1 head_size=40,72 scale=0.25 documents=0 bounds=absent causal=0 dtype=2
      attention_tangent              batch=2 context=19 heads=1 head_size=16 scale=0.25 documents=3 bounds=present causal=1 dtype=0
      attention_pullback_tangent     batch=1 context=37 heads=1 head_size=16 scale=0.25 documents=0 bounds=absent causal=0 dtype=0
      attention_pullback_tangent     batch=1 context=9 heads=4 head_size=20 scale=0.25 documents=0 bounds=absent causal=1 dtype=2
      attention_pullback_tangent     batch=1 context=70 heads=1 head_size=40,72 scale=0.25 documents=0 bounds=absent causal=0 dtype=2
      attention_pullback_tangent     batch=2 context=19 heads=1 head_size=16 scale=0.25 documents=3 bounds=present causal=1 dtype=0
      attention_decode               batch=9 heads=4 capacity=37 head_size=16 scale=0.25 dtype=0,2
      attention_decode               batch=1 heads=1 capacity=300 head_size=40,7 scale=0.25 dtype=0,2
      mlp_forward                    rows=9 cols=40 hidden=33 eps=1e-5 dtype=0,2
      mlp_pullback                   rows=9 cols=40 hidden=33 dtype=0,2
      attention_block_forward        batch=2 context=9 heads=2 head_size=16 documents=3 bounds=present eps=1e-5 scale=0.25 causal=1 dtype=0,2
      attention_block_pullback       batch=2 context=9 heads=2 head_size=16 documents=3 bounds=present scale=0.25 causal=1 dtype=0,2
      softmax_cross_entropy_forward  rows=6 vocab=600 stride=640 dtype=0,2
      softmax_cross_entropy_pullback rows=6 vocab=600 stride=640,601 dtype=0,2
      head_loss_forward              rows=9 cols=40 vocab=130 stride=136 chunk=7 keep_gradient=0 dtype=0,2
      head_loss_forward              rows=5 cols=40 vocab=130 stride=136 chunk=5 keep_gradient=1 dtype=0,2
      head_loss_pullback             rows=9 cols=40 vocab=130 stride=136 chunk=7 scratch=present kept=absent dtype=0,2
      head_loss_pullback             rows=5 cols=40 vocab=130 stride=136 chunk=5 scratch=absent kept=present dtype=0,2
      unary_pullback_tangent         n=4100,4099 alpha=0.5 kind=8 dtype=0,2
      squared_error_tangent          n=4100,40001 dtype=0,2
      layernorm_tangent              rows=37 cols=40,33 dtype=0,2
      layernorm_pullback_tangent     rows=21 cols=40,33 dtype=0,2
      layernorm_pullback_tangent     rows=2 cols=6400 dtype=0
      softmax_cross_entropy_tangent  rows=6 vocab=600 stride=640,601 dtype=0,2
      softmax_cross_entropy_pullback_tangent rows=6 vocab=600 stride=640,601 dtype=0,2
      head_loss_tangent              rows=9 cols=40 vocab=130 stride=136 chunk=7 scratch=present kept=absent dtype=0,2
      head_loss_tangent              rows=5 cols=40 vocab=130 stride=136 chunk=5 scratch=absent kept=present dtype=0,2
      head_loss_pullback_tangent     rows=9 cols=40 vocab=130 stride=136 chunk=7 scratch=present tscratch=present kept=absent tkept=absent gauss_newton=0 dtype=0,2
      head_loss_pullback_tangent     rows=5 cols=40 vocab=130 stride=136 chunk=5 scratch=absent tscratch=absent kept=present tkept=present gauss_newton=0 dtype=0,2
      global_norm                    n=40001 dtype=0
      adamw_step                     n=4099 decayed=129 first=0 master=absent beta1=0.9 beta2=0.95 eps=1e-8 weight_decay=0.1 max_norm=1 dtype=0,2
      adamw_step                     n=1030 decayed=129 first=3 beta1=0.9 beta2=0.95 eps=1e-8 weight_decay=0.1 max_norm=1 dtype=2
      adamw_table_step               tensors=4 weights=updated masters=updated m=updated v=updated beta1=0.9 beta2=0.95 eps=1e-8 weight_decay=0.1 max_norm=1 dtype=0
      sophia_step                    n=4099 decayed=129 first=0 master=absent beta1=0.9 beta2=0.95 gamma=0.9 eps=1e-12 weight_decay=0.1 max_norm=1 form=0 correct_mean=1 dtype=0,2
      sophia_step                    n=1030 decayed=129 first=3 beta1=0.9 beta2=0.95 gamma=0.9 eps=1e-12 weight_decay=0.1 max_norm=1 form=1 correct_mean=0 dtype=2
      sophia_table_step              tensors=4 weights=updated masters=updated m=updated beta1=0.9 beta2=0.95 gamma=0.9 eps=1e-12 weight_decay=0.1 max_norm=1 form=0 correct_mean=0 dtype=0
      lion_step                      n=4099 decayed=129 first=0 master=absent beta1=0.9 beta2=0.99 weight_decay=0.1 max_norm=1 dtype=0,2
      lion_table_step                tensors=4 weights=updated masters=updated m=updated beta1=0.9 beta2=0.99 weight_decay=0.1 max_norm=1 dtype=0
      curvature_hutchinson           first=0,3 n=1030 beta=0.9 probe=1 dtype=0,1
      curvature_bartlett             n=4100,4099 beta=0.9 dtype=0
      sample_categorical             first=3 rows=6 vocab=600 stride=640,601 dtype=0,2
      random_normal                  first=3 n=1030 mean=0.5 deviation=2 dtype=0,2
      random_uniform                 first=0 n=1030 low=-1 high=2 dtype=0,1,2
      random_sign                    first=3 n=1030 dtype=0,2
      """;

  static final Map<String, List<KernelSample>> ALL = KernelSamples.read(TABLE);

  /// The types that kernels compute in.
  static final List<DType> DTYPES =
      Arrays.stream(DType.values()).filter(DType::isFloating).toList();

  private ReplaySamples() {}

  /// The type that a sample is to be computed in.
  static DType dtype(KernelSample sample) {
    int code = sample.scalars().get("dtype").intValue();
    return DTYPES.stream().filter(dtype -> dtype.code() == code).findFirst().orElseThrow();
  }
}
