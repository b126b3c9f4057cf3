package dev.gatun.bench;

import dev.gatun.ffi.Kernels;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// The matrix products of a GPT's training step with its weights, and nothing else: forwards, back
/// to the activations and back to the weights, each layer with arrays of its own. What a step takes
/// beyond them is everything else that it does, attention included.
final class StepProducts implements Runnable {
  /// How the head reads the token embedding.
  private static final int TABLE_TRANSPOSED = 2;

  private static final int ALL_FRESH = -1;

  private final Device device;
  private final Net.Size size;
  private final List<Layer> layers = new ArrayList<>();
  private final Layer head;

  /// `x` (rows, in), `w` (in, out), `y` (rows, out), and the gradients of x and w.
  private record Layer(
      long in,
      long out,
      MemorySegment x,
      MemorySegment w,
      MemorySegment y,
      MemorySegment dx,
      MemorySegment dw) {}

  StepProducts(Scope memory, Net.Size size) {
    device = memory.device();
    this.size = size;
    var config = size.config();
    long width = config.width();
    long inner = config.feedForward();
    for (int i = 0; i < config.layers(); i++) {
      layers.add(layer(memory, width, 3 * width));
      layers.add(layer(memory, width, width));
      layers.add(layer(memory, width, inner));
      layers.add(layer(memory, inner, width));
    }
    head = layer(memory, width, config.paddedVocabulary());
  }

  private Layer layer(Scope memory, long in, long out) {
    long rows = size.rows();
    var dtype = size.dtype();
    return new Layer(
        in,
        out,
        drawn(memory, dtype, rows * in),
        drawn(memory, dtype, in * out),
        drawn(memory, dtype, rows * out),
        drawn(memory, dtype, rows * in),
        drawn(memory, dtype.wide(), in * out));
  }

  private MemorySegment drawn(Scope memory, DType dtype, long count) {
    var x = memory.bytes(count * dtype.bytes());
    var key = memory.longs(2);
    memory.copyToDevice(key, MemorySegment.ofArray(new long[] {1, 0}));
    kernels().randomNormal(stream(), x, key, 0, count, 0, 0.1, dtype.code());
    return x;
  }

  private Kernels kernels() {
    return device.kernels();
  }

  private MemorySegment stream() {
    return device.stream().handle();
  }

  @Override
  public void run() {
    for (var layer : layers) forward(layer, 0);
    forward(head, TABLE_TRANSPOSED);
    headBackward();
    for (var layer : layers.reversed()) backward(layer);
    device.stream().join();
  }

  private void forward(Layer l, int transposed) {
    product(l.y, l.x, l.w, l.out, l.in, transposed);
  }

  private void product(
      MemorySegment c, MemorySegment a, MemorySegment b, long cols, long inner, int transposed) {
    int dtype = size.dtype().code();
    kernels().matmulForward(stream(), c, a, b, 1, size.rows(), cols, inner, transposed, dtype);
  }

  /// The table is (out, in), and so is its gradient, in wide numbers as all of weights are.
  private void headBackward() {
    product(head.dx, head.y, head.w, head.in, head.out, 0);
    backward(null, head.dw, head.x, head.y, head.w, head.out, head.in);
  }

  private void backward(Layer l) {
    backward(l.dx, l.dw, l.y, l.x, l.w, l.in, l.out);
  }

  private void backward(
      MemorySegment dx,
      MemorySegment dw,
      MemorySegment dy,
      MemorySegment x,
      MemorySegment w,
      long in,
      long out) {
    kernels()
        .linearPullback(
            stream(),
            null,
            dx,
            dw,
            null,
            dy,
            x,
            w,
            null,
            null,
            size.rows(),
            in,
            out,
            0,
            ALL_FRESH,
            size.dtype().code());
  }
}
