package dev.gatun.bench.djl;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
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
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Nine linear layers of 16 by 16 on 8 rows, the mean squared error and AdamW, on one thread: the
/// step that Gatun's benches call `linears`. Says who it is, then reads how many steps are wanted,
/// a line each, and answers with the median of their microseconds.
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
        var wishes = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        answer(trainer, wishes);
      }
    }
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
    return new DefaultTrainingConfig(Loss.l2Loss())
        .optOptimizer(adamw)
        .optDevices(new Device[] {Device.cpu()})
        .optInitializer(new UniformInitializer(0.3f), Parameter.Type.WEIGHT);
  }

  private static void answer(Trainer trainer, BufferedReader wishes) throws IOException {
    var manager = trainer.getManager();
    var x = manager.randomUniform(-1, 1, new Shape(ROWS, WIDTH), DataType.FLOAT32);
    var y = manager.randomUniform(-1, 1, new Shape(ROWS, WIDTH), DataType.FLOAT32);
    for (var wish = wishes.readLine(); wish != null; wish = wishes.readLine()) {
      System.out.println(median(trainer, x, y, Integer.parseInt(wish)));
    }
  }

  private static double median(Trainer trainer, NDArray x, NDArray y, int steps) {
    var taken = new double[steps];
    for (int i = 0; i < steps; i++) {
      long start = System.nanoTime();
      step(trainer, x, y);
      taken[i] = (System.nanoTime() - start) * 1e-3;
    }
    Arrays.sort(taken);
    return taken[steps / 2];
  }

  private static void step(Trainer trainer, NDArray x, NDArray y) {
    try (var collector = trainer.newGradientCollector();
        var scope = trainer.getManager().newSubManager()) {
      var input = new NDList(x.duplicate());
      input.attach(scope);
      var values = trainer.forward(input);
      values.attach(scope);
      var loss = trainer.getLoss().evaluate(new NDList(y), values);
      loss.attach(scope);
      collector.backward(loss);
    }
    trainer.step();
  }
}
