package dev.gatun.grad;

import dev.gatun.tensor.Tensor;
import java.util.List;

/// What a tape remembers of one thing that ran in it.
sealed interface Node permits OpNode, SegmentNode {
  List<Tensor> values();
}
