package dev.gatun.laws.manners;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// A row of sizes for every kernel of the header: the kernel's name, then each of its scalars with
/// the values to try. The first line of a kernel has its ordinary sizes, the others the awkward
/// ones: 1, odd, none, larger than a block.
final class KernelSamples {
  private static final String TABLE =
      """
      unary_forward                  n=0,1,7,129,4099 alpha=0.5 kind=0,1,2,3,4,5,6,7,8
      unary_pullback                 n=0,1,7,129,4099 alpha=0.5 kind=0,1,2,3,4,5,6,7,8
      binary_forward                 outer=1,3 middle=1,7 inner=1,5 kind=0,1,2,3,4,5
      binary_forward                 outer=0 middle=7 inner=5 kind=0
      binary_forward                 outer=1 middle=4099 inner=1 kind=2
      binary_forward                 outer=65 middle=129 inner=1 kind=3
      binary_pullback                outer=1,3 middle=1,7 inner=1,5 kind=0,1,2,3,4,5
      binary_pullback                outer=0 middle=7 inner=5 kind=0
      binary_pullback                outer=1 middle=4099 inner=1 kind=2
      binary_pullback                outer=65 middle=129 inner=1 kind=3
      binary_pullback                outer=1 middle=65 inner=129 kind=5
      reduce_forward                 outer=1,3 middle=1,7,129 inner=1,5 kind=0,1
      reduce_forward                 outer=0 middle=7 inner=5 kind=0,1
      reduce_forward                 outer=1 middle=40001 inner=1 kind=0,1
      reduce_pullback                outer=1,3 middle=1,7,129 inner=1,5 kind=0,1
      reduce_pullback                outer=0 middle=7 inner=5 kind=0,1
      transpose_forward              batch=0,1,3 rows=1,5,65 cols=1,7,33
      transpose_pullback             batch=0,1,3 rows=1,5,65 cols=1,7,33
      slice_forward                  outer=0,1,3 length=7 inner=1,5 start=0,2 count=0,1,5
      slice_pullback                 outer=0,1,3 length=7 inner=1,5 start=0,2 count=0,1,5
      concatenate_forward            outer=0,1,3 a_count=0,1,5 b_count=0,2 inner=1,7
      concatenate_pullback           outer=0,1,3 a_count=0,1,5 b_count=0,2 inner=1,7
      gather_forward                 rows=0,1,17,129 cols=1,7,65 table_rows=1,5
      gather_pullback                rows=0,1,17,129 cols=1,7,65 table_rows=1,5
      layer_mix_forward              large=1,5 small=1,3 n=0,1,7,129
      layer_mix_forward              large=67 small=17 n=8,9
      layer_mix_pullback             large=1,5 small=1,3 n=0,1,7,129
      layer_mix_pullback             large=19 small=17 n=8,9
      layer_mix_pullback             large=3 small=2 n=40001
      squared_error_forward          n=1,7,129,40001
      squared_error_pullback         n=1,7,129,40001
      fill                           n=0,1,7,129 value=0,1.5
      narrow                         n=0,1,7,129
      matmul_forward                 batch=1,3 rows=5 cols=7 inner=3 transposed=0,1,2,3
      matmul_forward                 batch=1,3 rows=1 cols=1 inner=1 transposed=0,3
      matmul_forward                 batch=0 rows=3 cols=2 inner=5 transposed=0
      matmul_forward                 batch=1 rows=0 cols=2 inner=5 transposed=0
      matmul_forward                 batch=2 rows=65 cols=33 inner=40 transposed=0,1,2,3
      matmul_pullback                batch=1,3 rows=5 cols=7 inner=3 transposed=0,1,2,3
      matmul_pullback                batch=1,3 rows=1 cols=1 inner=1 transposed=0,3
      matmul_pullback                batch=0 rows=3 cols=2 inner=5 transposed=0
      matmul_pullback                batch=1 rows=0 cols=2 inner=5 transposed=0
      matmul_pullback                batch=2 rows=65 cols=33 inner=40 transposed=0,1,2,3
      linear_forward                 rows=0,1,5,65 in=1,7,33 out=1,3,40 activation=0 pre=absent
      linear_forward                 rows=0,1,5,65 in=1,7,33 out=1,3,40 activation=1
      linear_pullback                rows=0,1,5,65 in=1,33 out=1,40 activation=0 dpre=absent pre=absent x_pre=absent,present
      linear_pullback                rows=0,1,5,65 in=1,33 out=1,40 activation=1 dpre=present pre=present x_pre=absent,present
      embedding_forward              batch=1,2 context=1,5 cols=1,33 vocab=9 positions=5
      embedding_forward              batch=2 context=5 cols=7 vocab=1,9 positions=8
      embedding_forward              batch=0 context=5 cols=7 vocab=9 positions=8
      embedding_pullback             batch=1,2 context=1,5 cols=1,33 vocab=9 positions=5
      embedding_pullback             batch=2 context=5 cols=7 vocab=1,9 positions=8
      embedding_pullback             batch=0 context=5 cols=7 vocab=9 positions=8
      layernorm_forward              rows=0,1,5,65 cols=1,7,33,129 eps=1e-5
      layernorm_forward              rows=5 cols=64,640,1040 eps=1e-5
      layernorm_pullback             rows=0,1,5,65 cols=1,7,33,129
      layernorm_pullback             rows=5 cols=64,640,1040
      residual_layernorm_forward     rows=0,1,5,65 cols=1,7,33,129 eps=1e-5
      residual_layernorm_forward     rows=5 cols=64,640,1040 eps=1e-5
      residual_layernorm_pullback    rows=0,1,5,65 cols=1,7,33,129
      residual_layernorm_pullback    rows=5 cols=64,640,1040
      attention_forward              batch=2 context=7 heads=3 head_size=5 scale=0.5 documents=1,20 bounds=present causal=0,1
      attention_forward              batch=0,1 context=1 heads=1 head_size=1 scale=0.5 documents=0 bounds=absent causal=1
      attention_forward              batch=2 context=7 heads=3 head_size=5,20 scale=0.5 documents=0 bounds=absent causal=0,1
      attention_forward              batch=1 context=129 heads=1 head_size=4 scale=0.5 documents=0 bounds=absent causal=0,1
      attention_forward              batch=0 context=7 heads=1 head_size=4 scale=0.5 documents=1 bounds=present causal=0
      attention_forward              batch=2 context=97 heads=1 head_size=4 scale=0.5 documents=5 bounds=present causal=0,1
      attention_pullback             batch=2 context=7 heads=3 head_size=5 scale=0.5 documents=1,20 bounds=present causal=0,1
      attention_pullback             batch=0,1 context=1 heads=1 head_size=1 scale=0.5 documents=0 bounds=absent causal=1
      attention_pullback             batch=2 context=7 heads=3 head_size=5,20 scale=0.5 documents=0 bounds=absent causal=0,1
      attention_pullback             batch=1 context=129 heads=1 head_size=4 scale=0.5 documents=0 bounds=absent causal=0,1
      attention_pullback             batch=0 context=7 heads=1 head_size=4 scale=0.5 documents=1 bounds=present causal=0
      attention_pullback             batch=2 context=97 heads=1 head_size=4 scale=0.5 documents=5 bounds=present causal=0,1
      attention_tangent              batch=2 context=7 heads=3 head_size=5 scale=0.5 documents=1,20 bounds=present causal=0,1
      attention_tangent              batch=0,1 context=1 heads=1 head_size=1 scale=0.5 documents=0 bounds=absent causal=1
      attention_tangent              batch=2 context=7 heads=3 head_size=5,20 scale=0.5 documents=0 bounds=absent causal=0,1
      attention_tangent              batch=1 context=129 heads=1 head_size=4 scale=0.5 documents=0 bounds=absent causal=0,1
      attention_tangent              batch=1 context=9 heads=1 head_size=130 scale=0.125 documents=0 bounds=absent causal=1
      attention_tangent              batch=0 context=7 heads=1 head_size=4 scale=0.5 documents=1 bounds=present causal=0
      attention_tangent              batch=2 context=97 heads=1 head_size=4 scale=0.5 documents=5 bounds=present causal=0,1
      attention_pullback_tangent     batch=2 context=7 heads=3 head_size=5 scale=0.5 documents=1,20 bounds=present causal=0,1
      attention_pullback_tangent     batch=0,1 context=1 heads=1 head_size=1 scale=0.5 documents=0 bounds=absent causal=1
      attention_pullback_tangent     batch=2 context=7 heads=3 head_size=5,20 scale=0.5 documents=0 bounds=absent causal=0,1
      attention_pullback_tangent     batch=1 context=129 heads=1 head_size=4 scale=0.5 documents=0 bounds=absent causal=1
      attention_pullback_tangent     batch=1 context=9 heads=1 head_size=130 scale=0.125 documents=0 bounds=absent causal=1
      attention_pullback_tangent     batch=0 context=7 heads=1 head_size=4 scale=0.5 documents=1 bounds=present causal=0
      attention_pullback_tangent     batch=2 context=97 heads=1 head_size=4 scale=0.5 documents=5 bounds=present causal=1
      attention_decode               batch=0,1,3 heads=1,2 capacity=1,9 head_size=1,5,16 scale=0.5
      attention_decode               batch=1,2 heads=2 capacity=300 head_size=8,31,40 scale=0.5
      attention_decode               batch=1 heads=2 capacity=9 head_size=33,520 scale=0.5
      mlp_forward                    rows=0,1,5,65 cols=1,7,33 hidden=3,40 eps=1e-5
      mlp_pullback                   rows=0,1,5,65 cols=1,7,33 hidden=3,40
      attention_block_forward        batch=2 context=7 heads=3 head_size=5 documents=1,3 bounds=present eps=1e-5 scale=0.5 causal=0,1
      attention_block_forward        batch=0,1 context=1 heads=1 head_size=1 documents=0 bounds=absent eps=1e-5 scale=0.5 causal=1
      attention_block_forward        batch=2 context=7 heads=3 head_size=5 documents=0 bounds=absent eps=1e-5 scale=0.5 causal=1
      attention_block_forward        batch=1 context=97 heads=2 head_size=4 documents=3 bounds=present eps=1e-5 scale=0.5 causal=1
      attention_block_pullback       batch=2 context=7 heads=3 head_size=5 documents=1,3 bounds=present scale=0.5 causal=0,1
      attention_block_pullback       batch=0,1 context=1 heads=1 head_size=1 documents=0 bounds=absent scale=0.5 causal=1
      attention_block_pullback       batch=2 context=7 heads=3 head_size=5 documents=0 bounds=absent scale=0.5 causal=1
      attention_block_pullback       batch=1 context=97 heads=2 head_size=4 documents=3 bounds=present scale=0.5 causal=1
      softmax_cross_entropy_forward  rows=0,1,7 vocab=1,17 stride=17,24
      softmax_cross_entropy_forward  rows=65 vocab=5 stride=24
      softmax_cross_entropy_pullback rows=0,1,7 vocab=1,17 stride=17,24
      softmax_cross_entropy_pullback rows=65 vocab=5 stride=24
      head_loss_forward              rows=7 cols=5 vocab=1,17 stride=17,24 chunk=3,7 keep_gradient=0
      head_loss_forward              rows=7 cols=1 vocab=17 stride=17 chunk=1 keep_gradient=0
      head_loss_forward              rows=7 cols=1,5 vocab=1,17 stride=24 chunk=7 keep_gradient=1
      head_loss_forward              rows=65 cols=33 vocab=65 stride=128 chunk=65 keep_gradient=0,1
      head_loss_pullback             rows=7 cols=5 vocab=1,17 stride=17,24 chunk=3,7 scratch=present kept=absent
      head_loss_pullback             rows=7 cols=1 vocab=17 stride=17 chunk=1 scratch=present kept=absent
      head_loss_pullback             rows=7 cols=1,5 vocab=1,17 stride=24 chunk=7 scratch=absent kept=present
      head_loss_pullback             rows=65 cols=33 vocab=65 stride=128 chunk=65 scratch=absent kept=present
      unary_pullback_tangent         n=0,1,7,129 alpha=0.5 kind=0,1,2,3,4,5,6,7,8
      squared_error_tangent          n=1,7,129,5001
      layernorm_tangent              rows=0,1,5 cols=1,7,33
      layernorm_tangent              rows=5 cols=64,1040
      layernorm_pullback_tangent     rows=0,1,5 cols=1,7,33
      layernorm_pullback_tangent     rows=5 cols=64,6400
      softmax_cross_entropy_tangent  rows=0,1,7 vocab=1,17 stride=17,24
      softmax_cross_entropy_pullback_tangent rows=0,1,7 vocab=1,17 stride=17,24
      head_loss_tangent              rows=7 cols=5 vocab=1,17 stride=17,24 chunk=3,7 scratch=present kept=absent
      head_loss_tangent              rows=7 cols=5 vocab=17 stride=17,24 chunk=7 scratch=absent kept=present
      head_loss_pullback_tangent     rows=7 cols=5 vocab=1,17 stride=17,24 chunk=3,7 scratch=present tscratch=present kept=absent tkept=absent gauss_newton=0,1
      head_loss_pullback_tangent     rows=7 cols=5 vocab=17 stride=17,24 chunk=7 scratch=absent tscratch=absent kept=present tkept=present gauss_newton=0,1
      global_norm                    n=0,1,7,129,40001
      adamw_step                     n=0 decayed=0 first=0 master=absent key=absent beta1=0.9 beta2=0.95 eps=1e-8 weight_decay=0.1 max_norm=1
      adamw_step                     n=1,7,129 decayed=0,1 first=0,3 master=absent,present key=absent,present beta1=0.9 beta2=0.95 eps=1e-8 weight_decay=0.1 max_norm=1
      adamw_step                     n=40001 decayed=129 first=8 master=absent key=present beta1=0.9 beta2=0.95 eps=1e-8 weight_decay=0.1 max_norm=1
      adamw_table_step               tensors=0,1,4 weights=updated masters=absent,updated key=absent,present m=updated v=updated beta1=0.9 beta2=0.95 eps=1e-8 weight_decay=0.1 max_norm=1
      sophia_step                    n=0 decayed=0 first=0 master=absent key=absent beta1=0.9 beta2=0.95 gamma=0.9 eps=1e-12 weight_decay=0.1 max_norm=1 form=0 correct_mean=0
      sophia_step                    n=1,7,129 decayed=0,1 first=0,3 master=absent,present key=absent,present beta1=0.9 beta2=0.95 gamma=0.9 eps=1e-12 weight_decay=0.1 max_norm=1 form=0,1 correct_mean=0,1
      sophia_step                    n=40001 decayed=129 first=8 master=absent key=present beta1=0.9 beta2=0.95 gamma=0.9 eps=1e-12 weight_decay=0.1 max_norm=1 form=0 correct_mean=0
      sophia_table_step              tensors=0,1,4 weights=updated masters=absent,updated key=absent,present m=updated beta1=0.9 beta2=0.95 gamma=0.9 eps=1e-12 weight_decay=0.1 max_norm=1 form=0,1 correct_mean=0,1
      lion_step                      n=0 decayed=0 first=0 master=absent key=absent beta1=0.9 beta2=0.99 weight_decay=0.1 max_norm=1
      lion_step                      n=1,7,129 decayed=0,1 first=0,3 master=absent,present key=absent,present beta1=0.9 beta2=0.99 weight_decay=0.1 max_norm=1
      lion_step                      n=40001 decayed=129 first=8 master=absent key=present beta1=0.9 beta2=0.99 weight_decay=0.1 max_norm=1
      lion_table_step                tensors=0,1,4 weights=updated masters=absent,updated key=absent,present m=updated beta1=0.9 beta2=0.99 weight_decay=0.1 max_norm=1
      curvature_hutchinson           first=0,3 n=0,1,7,129,4099 beta=0.9 probe=0,1
      curvature_bartlett             n=0,1,7,129,4099 beta=0.9
      sample_categorical             first=0,3 rows=0,1,7 vocab=1,17 stride=17,24
      sample_categorical             first=5 rows=65 vocab=5,1100 stride=1104
      sample_categorical             first=0 rows=7,600 vocab=17 stride=17 counted=absent
      random_normal                  first=0,3 n=0,1,7,129,4099 mean=0.5 deviation=2
      random_uniform                 first=0,3 n=0,1,7,129,4099 low=-1 high=2
      random_sign                    first=0,3 n=0,1,7,129,4099
      """;

  static final Map<String, List<KernelSample>> ALL = read(TABLE);

  private KernelSamples() {}

  /// Samples by the name of their kernel.
  static Map<String, List<KernelSample>> read(String table) {
    var all = new LinkedHashMap<String, List<KernelSample>>();
    for (var line : table.lines().toList()) {
      var words = line.split("\\s+", 2);
      all.merge(
          words[0],
          KernelSample.parse(words[1]),
          (a, b) -> Stream.concat(a.stream(), b.stream()).toList());
    }
    return all;
  }
}
