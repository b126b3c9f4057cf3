package dev.gatun.op;

import dev.gatun.tensor.Tensor;
import java.util.List;

/// A scope that remembers what ran in it.
public interface Recorder {
  /// Whether a gradient by one of these may be asked for, so that what is made of them is recorded.
  boolean matters(List<Tensor> inputs);

  /// `saved` holds the saved and then the kept outputs.
  void record(Op op, List<Tensor> inputs, List<Tensor> values, List<Tensor> saved);
}
