package dev.gatun.interop;

import dev.gatun.GatunException;
import dev.gatun.InvalidArgument;
import dev.gatun.LibraryDefect;
import dev.gatun.NoDevice;
import dev.gatun.ShapeMismatch;
import dev.gatun.memory.Device;
import dev.gatun.memory.Stream;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import jcuda.runtime.JCuda;
import jcuda.runtime.cudaStream_t;

/// Matrix products by cuBLAS, through JCublas, over tensors of a device: a reference for the
/// products of this library, or a way for those who have JCublas anyway. It works on a stream
/// of JCuda's that waits for the device's stream before each product, and that the device's
/// stream waits for behind it; the host waits for neither.
public final class JCublasProduct implements AutoCloseable {
  private static final String OPENING = "opening JCublas";
  private static final int SUCCESS = 0;

  private final Device device;
  private final cublasHandle cublas = new cublasHandle();
  private final cudaStream_t theirs = new cudaStream_t();
  private Stream stream;
  private boolean closed;

  private JCublasProduct(Device device) {
    this.device = device;
  }

  /// Throws [NoDevice] where JCublas cannot be loaded: its release 12.6 is bound to CUDA 12's
  /// `libcublas.so.12`, whatever else a machine has.
  public static JCublasProduct open(Device device) {
    requireLoaded();
    if (!device.backend().equals("cuda")) {
      throw new InvalidArgument(
          "the device is \"%s\": JCublas multiplies on a GPU alone".formatted(device.backend()));
    }
    var product = new JCublasProduct(device);
    try {
      product.openHandles();
      return product;
    } catch (GatunException refusal) {
      product.close();
      throw refusal;
    }
  }

  private static void requireLoaded() {
    try {
      JCublas2.initialize();
    } catch (LinkageError refused) {
      throw new NoDevice(
          "JCublas cannot be loaded: it needs jcublas with its natives on the class path and CUDA 12's libcublas.so.12, which no other version replaces (%s)"
              .formatted(refused.getMessage().lines().findFirst().orElse("")));
    }
  }

  private void openHandles() {
    makeCurrent();
    require(OPENING, JCuda.cudaStreamCreateWithFlags(theirs, JCuda.cudaStreamNonBlocking));
    stream = JCudaStreams.wrap(device, theirs);
    require(OPENING, JCublas2.cublasCreate(cublas));
    require(OPENING, JCublas2.cublasSetStream(cublas, theirs));
  }

  /// c = alpha * a b, row by row: c is (rows, cols), a is (rows, inner), b is (inner, cols),
  /// all of one floating-point type. BF16 is summed in fp32; fp32 is not rounded to fewer
  /// bits.
  public void multiply(Tensor c, Tensor a, Tensor b, double alpha) {
    if (closed) throw new InvalidArgument("the product is closed");
    for (var matrix : new Tensor[] {c, a, b}) matrix.requireUsable("multiply", device);
    requireShapes(c, a, b);
    long rows = c.shape().size(0);
    long cols = c.shape().size(1);
    long inner = a.shape().size(1);
    int type = type(c.dtype());
    boolean wide = c.dtype() == DType.F64;
    makeCurrent();
    stream.follow(device.stream());
    // cuBLAS stores columns. A matrix of rows read as one of columns is its own transpose, and
    // (a b)^T = b^T a^T: so the factors change places and nothing else does.
    int status =
        JCublas2.cublasGemmEx_64_new(
            cublas,
            cublasOperation.CUBLAS_OP_N,
            cublasOperation.CUBLAS_OP_N,
            cols,
            rows,
            inner,
            scalar(alpha, wide),
            JCudaPointers.pointer(b),
            type,
            stride(cols),
            JCudaPointers.pointer(a),
            type,
            stride(inner),
            scalar(0, wide),
            JCudaPointers.pointer(c),
            type,
            stride(cols),
            wide ? cublasComputeType.CUBLAS_COMPUTE_64F : cublasComputeType.CUBLAS_COMPUTE_32F,
            cublasGemmAlgo.CUBLAS_GEMM_DEFAULT);
    require("multiplying", status);
    device.stream().follow(stream);
  }

  private static void requireShapes(Tensor c, Tensor a, Tensor b) {
    boolean matrices = c.shape().rank() == 2 && a.shape().rank() == 2 && b.shape().rank() == 2;
    if (!matrices
        || c.shape().size(0) != a.shape().size(0)
        || c.shape().size(1) != b.shape().size(1)
        || a.shape().size(1) != b.shape().size(0)) {
      throw new ShapeMismatch(
          "multiply: %s cannot be the product of %s and %s"
              .formatted(c.shape(), a.shape(), b.shape()));
    }
    if (a.dtype() != c.dtype() || b.dtype() != c.dtype() || !c.dtype().isFloating()) {
      throw new InvalidArgument(
          "multiply: %s, %s and %s are not one floating-point type"
              .formatted(c.dtype(), a.dtype(), b.dtype()));
    }
  }

  private static int type(DType dtype) {
    return switch (dtype) {
      case F32 -> cudaDataType.CUDA_R_32F;
      case F64 -> cudaDataType.CUDA_R_64F;
      case BF16 -> cudaDataType.CUDA_R_16BF;
      case I32, I64 -> throw new AssertionError(dtype);
    };
  }

  /// A scalar of the type that sums have, in memory of the host.
  private static Pointer scalar(double value, boolean wide) {
    return wide ? Pointer.to(new double[] {value}) : Pointer.to(new float[] {(float) value});
  }

  /// cuBLAS refuses a stride of 0, even of a matrix without elements.
  private static long stride(long cols) {
    return Math.max(1, cols);
  }

  /// JCuda has a CUDA runtime of its own, with a current device of its own.
  private void makeCurrent() {
    require(OPENING, JCuda.cudaSetDevice(device.ordinal()));
  }

  private static void require(String doing, int status) {
    if (status != SUCCESS) throw new LibraryDefect("%s: error %d".formatted(doing, status));
  }

  /// Waits for its products.
  @Override
  public void close() {
    if (closed) return;
    closed = true;
    if (stream != null) stream.close();
    JCublas2.cublasDestroy(cublas);
    JCuda.cudaStreamDestroy(theirs);
  }
}
