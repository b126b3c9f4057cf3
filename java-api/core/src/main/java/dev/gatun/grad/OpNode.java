package dev.gatun.grad;

import dev.gatun.op.Op;
import dev.gatun.tensor.Tensor;
import java.util.List;

/// An op that ran: its arguments and all it yielded.
record OpNode(Op op, List<Tensor> inputs, List<Tensor> values, List<Tensor> saved)
    implements Node {}
