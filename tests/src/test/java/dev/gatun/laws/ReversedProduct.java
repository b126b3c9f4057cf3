package dev.gatun.laws;

import dev.gatun.ffi.Kernels;
import dev.gatun.op.Binary;
import dev.gatun.op.CustomOp;
import dev.gatun.op.Frame;
import dev.gatun.op.Op;
import dev.gatun.op.Outputs;
import dev.gatun.op.Reads;
import dev.gatun.op.Spec;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// a times b, with a pullback that writes the second gradient before the first.
final class ReversedProduct extends CustomOp {
  private static final Binary PRODUCT = new Binary(Binary.Kind.MULTIPLY);

  @Override
  public Outputs shapes(List<Spec> inputs) {
    return PRODUCT.shapes(inputs);
  }

  @Override
  public void forward(Frame f) {
    PRODUCT.forward(f);
  }

  @Override
  public Reads reads() {
    return Reads.of(0, 1);
  }

  @Override
  public Op pullback() {
    return new Pullback();
  }

  private static final class Pullback extends CustomOp {
    @Override
    public Outputs shapes(List<Spec> inputs) {
      return Outputs.of(inputs.get(0), inputs.get(1));
    }

    @Override
    public void forward(Frame f) {
      pull(f, null, f.out(1));
      pull(f, f.out(0), null);
    }

    private static void pull(Frame f, MemorySegment da, MemorySegment db) {
      long n = f.shape(0).count();
      f.kernels()
          .binaryPullback(
              f.stream(),
              da,
              db,
              f.in(2),
              f.in(0),
              f.in(1),
              1,
              n,
              1,
              Kernels.MULTIPLY,
              f.fresh(),
              f.dtype());
    }
  }
}
