package dev.gatun.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.ffi.Kernels;
import dev.gatun.laws.Devices;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.memory.Stream;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import jcuda.runtime.JCuda;
import jcuda.runtime.cudaMemcpyKind;
import jcuda.runtime.cudaStream_t;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// With the real JCuda on a GPU: its memory and streams serve our kernels, our memory serves it,
/// and what belongs to a context of its own is refused.
@Tag("gpu")
class JCudaOnGpuTest {
  private static final int COUNT = 100_003;
  private static final int STEPS = 20;
  private static final int SUCCESS = 0;

  /// The CPU and the GPU round differently, step after step.
  private static final float TOLERANCE = 1e-5f;

  private final List<Pointer> taken = new ArrayList<>();
  private Device device;
  private Scope scope;

  @BeforeEach
  void open() {
    assumeTrue(Devices.isGpu(), "JCuda works on a GPU alone");
    device = Devices.underTest();
    scope = device.scope();
    done(JCuda.cudaSetDevice(device.ordinal()));
  }

  @AfterEach
  void close() {
    if (device == null) return;
    for (var pointer : taken) done(JCuda.cudaFree(pointer));
    device.close();
  }

  /// JCuda puts each gradient and step number in place on its stream, where the step then finds
  /// them: nothing waits but that stream.
  @Test
  void adamwStepsOnJcudasMemoryInTheOrderOfItsStream() {
    var given = new float[STEPS][];
    var sources = new Pointer[STEPS];
    for (int i = 0; i < STEPS; i++) {
      given[i] = numbers(i, COUNT);
      sources[i] = onDevice(given[i]);
    }
    var start = numbers(-1, COUNT);
    var weights = onDevice(start);
    var m = onDevice(new float[COUNT]);
    var v = onDevice(new float[COUNT]);
    var gradients = onDevice(new float[COUNT]);
    var steps = onDevice(LongStream.rangeClosed(1, STEPS).toArray());
    var step = onDevice(new long[1]);
    var rate = onDevice(new double[] {0.01});
    var theirs = new cudaStream_t();
    done(JCuda.cudaStreamCreateWithFlags(theirs, JCuda.cudaStreamNonBlocking));
    try (var stream = JCudaStreams.wrap(device, theirs)) {
      for (int i = 0; i < STEPS; i++) {
        move(gradients, sources[i], 4L * COUNT, theirs);
        move(step, steps.withByteOffset(8L * i), 8, theirs);
        step(
            device.kernels(),
            stream,
            lent(weights, 4L * COUNT),
            lent(m, 4L * COUNT),
            lent(v, 4L * COUNT),
            lent(gradients, 4L * COUNT),
            lent(rate, 8),
            lent(step, 8));
      }
    }
    var found = new float[COUNT];
    toHost(Pointer.to(found), weights, 4L * COUNT);
    done(JCuda.cudaStreamDestroy(theirs));
    assertArrayEquals(onCpu(start, given), found, TOLERANCE);
  }

  private static float[] onCpu(float[] start, float[][] given) {
    try (var cpu = Device.cpu();
        var memory = cpu.scope()) {
      var shape = Shape.of(COUNT);
      var weights = Tensor.of(memory, shape, start);
      var m = Tensor.zeros(memory, DType.F32, shape);
      var v = Tensor.zeros(memory, DType.F32, shape);
      var rate = Tensor.of(memory, Shape.SCALAR, 0.01);
      var step = Tensor.uninitialized(memory, DType.I64, Shape.SCALAR);
      for (int i = 0; i < STEPS; i++) {
        step.copyFrom(MemorySegment.ofArray(new long[] {i + 1}));
        step(
            cpu.kernels(),
            cpu.stream(),
            weights.data(),
            m.data(),
            v.data(),
            Tensor.of(memory, shape, given[i]).data(),
            rate.data(),
            step.data());
      }
      return weights.toFloats();
    }
  }

  private static void step(
      Kernels kernels,
      Stream stream,
      MemorySegment weights,
      MemorySegment m,
      MemorySegment v,
      MemorySegment gradients,
      MemorySegment rate,
      MemorySegment step) {
    kernels.adamwStep(
        stream.handle(),
        weights,
        null,
        m,
        v,
        gradients,
        rate,
        step,
        null,
        null,
        0,
        COUNT,
        COUNT,
        0.9,
        0.95,
        1e-8,
        0.1,
        1,
        Kernels.F32);
  }

  @Test
  void jcudaReadsAndWritesATensor() {
    var elements = numbers(1, COUNT);
    var tensor = Tensor.of(scope, Shape.of(COUNT), elements);
    device.stream().join();
    var found = new float[COUNT];
    toHost(Pointer.to(found), JCudaPointers.pointer(tensor), 4L * COUNT);
    assertArrayEquals(elements, found);
    done(JCudaDriver.cuMemsetD32(JCudaPointers.devicePointer(tensor), 0, COUNT));
    done(JCuda.cudaDeviceSynchronize());
    assertEquals(0, tensor.square().sum().item());
  }

  @Test
  void partsOfJcudasMemoryAreTensors() {
    var memory = onDevice(new float[] {1, 2, 3, 4, 5, 6, 7, 8});
    var shape = Shape.of(2, 2);
    var part = JCudaPointers.tensor(scope, memory.withByteOffset(12), DType.F32, shape);
    assertArrayEquals(new float[] {4, 5, 6, 7}, part.toFloats());
    refused(
        "the memory ends after",
        () -> JCudaPointers.lent(scope, memory.withByteOffset(12), 1L << 40));
  }

  @Test
  void theDefaultStreamIsJoinedToo() {
    var memory = onDevice(new float[COUNT]);
    try (var legacy = JCudaStreams.wrap(device, new cudaStream_t())) {
      var x = JCudaPointers.tensor(scope, memory, DType.F32, Shape.of(COUNT));
      device.kernels().fill(legacy.handle(), x.data(), COUNT, 3, DType.F32.code());
      var found = new float[COUNT];
      toHost(Pointer.to(found), memory, 4L * COUNT); // behind it, on the same stream
      assertEquals(3, found[COUNT - 1]);
    }
  }

  @Test
  void pinnedMemoryOfTheHostIsRefused() {
    var pinned = new Pointer();
    done(JCuda.cudaHostAlloc(pinned, 64, JCuda.cudaHostAllocDefault));
    assertThrows(InvalidArgument.class, () -> JCudaPointers.lent(scope, pinned, 64));
    done(JCuda.cudaFreeHost(pinned));
  }

  @Test
  void whatBelongsToAnotherContextIsRefused() {
    var gpu = new CUdevice();
    var context = new CUcontext();
    var memory = new CUdeviceptr();
    var stream = new CUstream();
    done(JCudaDriver.cuInit(0));
    done(JCudaDriver.cuDeviceGet(gpu, device.ordinal()));
    done(JCudaDriver.cuCtxCreate(context, 0, gpu));
    done(JCudaDriver.cuMemAlloc(memory, 1024));
    done(JCudaDriver.cuStreamCreate(stream, 0));
    refused("another CUDA context", () -> JCudaPointers.lent(scope, memory, 1024));
    refused("another CUDA context", () -> JCudaStreams.wrap(device, stream));
    done(JCudaDriver.cuCtxDestroy(context));
    // Ours goes on as if nothing had been.
    assertEquals(6, Tensor.of(scope, Shape.of(3), 1f, 2f, 3f).sum().item());
  }

  @Test
  void jcublasMultipliesAsWeDo() {
    assumeTrue(JCublasProductTest.isThere("libcublas.so.12"), "there is no libcublas.so.12");
    try (var product = JCublasProduct.open(device)) {
      for (var dtype : List.of(DType.F32, DType.F64)) {
        var a = tensor(dtype, 3, 37, 65);
        var b = tensor(dtype, 4, 65, 129);
        var c = Tensor.uninitialized(scope, dtype, Shape.of(37, 129));
        product.multiply(c, a, b, 0.5);
        // No wait: the next operation of the device comes behind the product.
        var difference = c.minus(a.matmul(b).times(0.5)).square().sum().item();
        assertTrue(difference < 1e-6, dtype + ": " + difference);
        assertTrue(c.square().sum().item() > 1, "something was multiplied");
      }
    }
  }

  private Tensor tensor(DType dtype, int seed, long rows, long cols) {
    var numbers = numbers(seed, Math.toIntExact(rows * cols));
    if (dtype == DType.F32) return Tensor.of(scope, Shape.of(rows, cols), numbers);
    var doubles = new double[numbers.length];
    for (int i = 0; i < doubles.length; i++) doubles[i] = numbers[i];
    return Tensor.of(scope, Shape.of(rows, cols), doubles);
  }

  private static float[] numbers(int seed, int count) {
    var random = new SplittableRandom(seed);
    var numbers = new float[count];
    for (int i = 0; i < count; i++) numbers[i] = (float) random.nextDouble(-1, 1);
    return numbers;
  }

  private MemorySegment lent(Pointer pointer, long bytes) {
    return JCudaPointers.lent(scope, pointer, bytes);
  }

  private Pointer onDevice(float[] elements) {
    return onDevice(Pointer.to(elements), 4L * elements.length);
  }

  private Pointer onDevice(long[] elements) {
    return onDevice(Pointer.to(elements), 8L * elements.length);
  }

  private Pointer onDevice(double[] elements) {
    return onDevice(Pointer.to(elements), 8L * elements.length);
  }

  private Pointer onDevice(Pointer host, long bytes) {
    var pointer = new Pointer();
    done(JCuda.cudaMalloc(pointer, bytes));
    taken.add(pointer);
    done(JCuda.cudaMemcpy(pointer, host, bytes, cudaMemcpyKind.cudaMemcpyHostToDevice));
    return pointer;
  }

  private static void move(Pointer to, Pointer from, long bytes, cudaStream_t stream) {
    int within = cudaMemcpyKind.cudaMemcpyDeviceToDevice;
    done(JCuda.cudaMemcpyAsync(to, from, bytes, within, stream));
  }

  private static void toHost(Pointer host, Pointer from, long bytes) {
    done(JCuda.cudaMemcpy(host, from, bytes, cudaMemcpyKind.cudaMemcpyDeviceToHost));
  }

  private static void done(int status) {
    assertEquals(SUCCESS, status);
  }

  private static void refused(String says, Executable work) {
    var why = assertThrows(InvalidArgument.class, work).getMessage();
    assertTrue(why.contains(says), why);
  }
}
