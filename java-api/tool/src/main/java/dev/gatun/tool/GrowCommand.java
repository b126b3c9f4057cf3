package dev.gatun.tool;

import static dev.gatun.tool.Amounts.format;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.store.Checkpoints;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.tensor.DType;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Makes a larger model of a smaller one.
@Command(
    name = "grow",
    description = {
      "Makes a larger model of a smaller one: a folder that train --init, evaluate, generate and"
          + " Hugging Face's transformers load. Only ligo trains, and what it trains are maps.",
      "The size of a head, the vocabulary and the context stay.",
      "",
      "stack           layers 0 1 2 0 1 2",
      "interpolate     layers 0 0 1 1 2 2",
      "zero-block      layers 0 0 1 1 2 2, of which the copies add nothing yet",
      "bert2bert-fpi   width by copies drawn at random; layers 0 1 2 0 1 2",
      "hypercloning    width n times, by n copies of everything",
      "random          the model in the corner of one with new weights",
      "ligo            sums of layers, channels and heads, with factors trained on text"
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false)
final class GrowCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--from",
      required = true,
      paramLabel = "DIR",
      description = "A run folder (its last checkpoint), a checkpoint, a Hugging Face folder.")
  private Path from;

  @Option(
      names = "--method",
      required = true,
      paramLabel = "NAME",
      description =
          "How: stack, interpolate, zero-block, bert2bert-fpi, hypercloning, random or ligo.")
  private String method;

  @Option(names = "--layers", paramLabel = "L", description = "Layers; else the model's.")
  private Integer layers;

  @Option(names = "--width", paramLabel = "C", description = "Width; else the model's.")
  private Integer width;

  @Option(
      names = "--feed-forward",
      paramLabel = "F",
      description = "Channels inside the MLPs; else as many times the width as the model's.")
  private Integer feedForward;

  @Option(
      names = "--heads",
      paramLabel = "H",
      description = "Heads, of the size that the model's have; else as many as the width holds.")
  private Integer heads;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of what bert2bert-fpi, random, ligo and noise draw; else 0.")
  private Long seed;

  @Option(
      names = "--noise",
      paramLabel = "X",
      description =
          "bert2bert-fpi, hypercloning: tells copies of channels apart, which else stay copies; a"
              + " deviation, as a share of the weights' own. ligo: the length of a row's noise in"
              + " the first maps, where 1 copies a channel; else "
              + LigoOptions.USUAL_NOISE
              + ", or 0 for random averages.")
  private Double noise;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "A new folder for the larger model.")
  private Path out;

  @Mixin private LigoOptions ligo;
  @Mixin private Machine machine;

  @Override
  public Integer call() {
    if (method.equals(NamedGrowth.LIGO)) return callLigo();
    var growth = NamedGrowth.named(method).with(seed, noise);
    ligo.refuse(method);
    var checkpoint = Checkpoints.resolve(from);
    GptCheckpoint.requireFree(out);
    try (var device = machine.open();
        var scope = device.scope()) {
      var source = GptCheckpoint.read(checkpoint, scope, DType.F32);
      var target = target(source.config());
      boolean preserves = growth.preservesFunction(source.config(), target);
      var grown = growth.grow(source, target, scope);
      GptCheckpoint.writeNew(out, grown);
      print(source, grown, preserves);
    }
    return 0;
  }

  private int callLigo() {
    var checkpoint = Checkpoints.resolve(from);
    GptCheckpoint.requireFree(out);
    try (var device = machine.open();
        var scope = device.scope()) {
      var source = GptCheckpoint.read(checkpoint, scope, DType.F32);
      new LigoGrowth(ligo, from, checkpoint, ligo.noise(noise), seed == null ? 0 : seed)
          .run(source, target(source.config()), out, spec.commandLine().getOut());
    }
    return 0;
  }

  private GptConfig target(GptConfig source) {
    int columns = width == null ? source.width() : width;
    if (heads == null && columns % source.headSize() != 0) {
      throw new InvalidArgument(
          "width %d is not divisible by the model's head size of %d"
              .formatted(columns, source.headSize()));
    }
    return source
        .withSize(
            layers == null ? source.layers() : layers,
            heads == null ? Math.max(columns / source.headSize(), 1) : heads,
            columns)
        .withFeedForward(feedForward == null ? inProportion(source, columns) : feedForward);
  }

  private static int inProportion(GptConfig source, int columns) {
    long inside = (long) source.feedForward() * columns;
    if (inside % source.width() != 0) {
      throw new InvalidArgument(
          "the MLPs' width of %d does not grow in proportion from width %d to %d: say with"
                  .formatted(source.feedForward(), source.width(), columns)
              + " --feed-forward how wide they shall be");
    }
    if (inside / source.width() > Integer.MAX_VALUE) {
      throw new InvalidArgument("width %d is too large".formatted(columns));
    }
    return (int) (inside / source.width());
  }

  private void print(Gpt source, Gpt grown, boolean preserves) {
    spec.commandLine()
        .getOut()
        .print(
            format(
                "from      %s%nto        %s%nfunction  %s%nfolder    %s%n",
                Described.model(source.config()),
                Described.model(grown.config()),
                preserves ? "the same, but for rounding" : "another",
                out));
  }
}
