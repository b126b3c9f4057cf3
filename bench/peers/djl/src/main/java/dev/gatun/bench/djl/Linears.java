package dev.gatun.bench.djl;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.Trainer;
import ai.djl.training.initializer.UniformInitializer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// Nine linear layers of 16 by 16 on 8 rows, the mean squared error and AdamW, on one thread: the
/// step that Gatun's benches call `linears`. Says who it is, then reads how many steps are wanted,
/// a line each, and answers with the median of their microseconds. With `--start` and a file of
/// Gatun's weights and data it begins with these, and says in a second line the loss, and by how
/// much a step makes it smaller.
final class Linears {
  private static final int LAYERS = 9;
  private static final int WIDTH = 16;
  private static final int ROWS = 8;

  private Linears() {}

  public static void main(String[] words) throws IOException {
    System.setProperty("ai.djl.pytorch.num_threads", "1");
    System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
    try (var model = Model.newInstance("linears", Device.cpu(), "PyTorch")) {
      model.setBlock(layers());
      try (var trainer = model.newTrainer(config())) {
        trainer.initialize(new Shape(ROWS, WIDTH));
        System.out.println("DJL " + version());
        var data = data(trainer.getManager());
        if (wantsStart(words)) begin(trainer, model.getBlock(), data, Path.of(words[1]));
        var wishes = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        answer(trainer, data, wishes);
      }
    }
  }

  private static boolean wantsStart(String[] words) {
    if (words.length == 0) return false;
    if (words.length == 2 && words[0].equals("--start")) return true;
    throw new IllegalArgumentException("Either nothing is said, or --start and a file");
  }

  private static String version() {
    return Engine.getDjlVersion() + ", PyTorch " + Engine.getInstance().getVersion();
  }

  private static Block layers() {
    var all = new SequentialBlock();
    for (int i = 0; i < LAYERS; i++) all.add(Linear.builder().setUnits(WIDTH).build());
    return all;
  }

  private static DefaultTrainingConfig config() {
    var adamw =
        Optimizer.adamW()
            .optLearningRateTracker(Tracker.fixed(1e-4f))
            .optWeightDecays(0.1f)
            .build();
    return new DefaultTrainingConfig(Loss.l2Loss("l2", 1))
        .optOptimizer(adamw)
        .optDevices(new Device[] {Device.cpu()})
        .optInitializer(new UniformInitializer(0.3f), Parameter.Type.WEIGHT);
  }

  /// x and y.
  private static NDList data(NDManager manager) {
    var shape = new Shape(ROWS, WIDTH);
    return new NDList(
        manager.randomUniform(-1, 1, shape, DataType.FLOAT32),
        manager.randomUniform(-1, 1, shape, DataType.FLOAT32));
  }

  /// Gatun's weights are (in, out), each with its bias behind; then come x and y.
  private static void begin(Trainer trainer, Block block, NDList data, Path start)
      throws IOException {
    var numbers = ByteBuffer.wrap(Files.readAllBytes(start)).order(ByteOrder.LITTLE_ENDIAN);
    for (var parameter : block.getParameters().values()) {
      var array = parameter.getArray();
      next(numbers, array).transpose().copyTo(array);
    }
    for (var array : data) next(numbers, array).copyTo(array);
    float before = loss(trainer, data);
    step(trainer, data);
    System.out.println(before + " " + (before - loss(trainer, data)));
  }

  private static float loss(Trainer trainer, NDList data) {
    var values = trainer.evaluate(new NDList(data.get(0)));
    return trainer.getLoss().evaluate(new NDList(data.get(1)), values).getFloat();
  }

  /// As many of the numbers as `like` has, in its shape.
  private static NDArray next(ByteBuffer numbers, NDArray like) {
    var values = new float[Math.toIntExact(like.size())];
    for (int i = 0; i < values.length; i++) values[i] = numbers.getFloat();
    return like.getManager().create(values, like.getShape());
  }

  private static void answer(Trainer trainer, NDList data, BufferedReader wishes)
      throws IOException {
    for (var wish = wishes.readLine(); wish != null; wish = wishes.readLine()) {
      System.out.println(median(trainer, data, Integer.parseInt(wish)));
    }
  }

  private static double median(Trainer trainer, NDList data, int steps) {
    var taken = new double[steps];
    for (int i = 0; i < steps; i++) {
      long start = System.nanoTime();
      step(trainer, data);
      taken[i] = (System.nanoTime() - start) * 1e-3;
    }
    Arrays.sort(taken);
    return (taken[(steps - 1) / 2] + taken[steps / 2]) / 2;
  }

  private static void step(Trainer trainer, NDList data) {
    try (var collector = trainer.newGradientCollector();
        var scope = trainer.getManager().newSubManager()) {
      var input = new NDList(data.get(0).duplicate());
      input.attach(scope);
      var values = trainer.forward(input);
      values.attach(scope);
      var loss = trainer.getLoss().evaluate(new NDList(data.get(1)), values);
      loss.attach(scope);
      collector.backward(loss);
    }
    trainer.step();
  }
}
