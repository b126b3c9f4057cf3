package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.growth.LigoForm;
import dev.gatun.growth.LigoHeads;
import dev.gatun.growth.LigoStart;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// The options of `grow` that say how LiGO's maps begin and are trained.
final class LigoOptions {
  /// What `--init-method` calls the start of the paper's code.
  static final String RELEASED_START = "released";

  private static final double USUAL_RATE = 3e-4;
  static final double USUAL_NOISE = 0.02;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--data",
      paramLabel = "PATH",
      description = "ligo: a text file, a folder or zip of them, a .bin; else the JDK's sources.")
  private Path data;

  @Option(
      names = "--tokenizer",
      paramLabel = "bytes|gpt2",
      description = "ligo: what text is cut into; else what the model was trained with.")
  private String tokenizer;

  @Option(names = "--steps", paramLabel = "N", description = "ligo: steps of the maps; else 100.")
  private long steps = 100;

  @Option(
      names = "--rate",
      paramLabel = "X",
      description = "ligo: the highest rate of the maps; else " + USUAL_RATE + ".")
  private double rate = USUAL_RATE;

  @Option(
      names = "--warmup",
      paramLabel = "N",
      description = "ligo: steps over which it rises; else a tenth of them. Then half a cosine.")
  private Long warmup;

  @Option(
      names = "--batch",
      paramLabel = "B",
      description = "ligo: windows that pass through the larger model at once; else 16.")
  private int batch = 16;

  @Option(names = "--accumulate", paramLabel = "N", description = "ligo: batches a step; else 1.")
  private int accumulate = 1;

  @Option(
      names = "--context",
      paramLabel = "T",
      description = "ligo: tokens that a window predicts; else the model's context.")
  private Integer context;

  @Option(
      names = "--init-method",
      paramLabel = "NAME",
      description =
          "ligo: the method its maps begin as, or released for random averages as in the paper's"
              + " code; else bert2bert-fpi.")
  private String start = NamedGrowth.BERT2BERT_FPI.word;

  @Option(
      names = "--form",
      paramLabel = "shared|paper|released",
      description = "ligo: whose layer maps belong to; else shared.")
  private String form = "shared";

  @Option(
      names = "--head-maps",
      paramLabel = "whole|dense",
      description = "ligo: whether whole heads are mixed, or their columns; else whole.")
  private String heads = "whole";

  /// Throws where one of these was given to a method that has no use for it.
  void refuse(String method) {
    for (var option : command.commandLine().getParseResult().matchedOptions()) {
      if (option.userObject() instanceof Field field
          && field.getDeclaringClass() == LigoOptions.class) {
        throw new InvalidArgument(
            "%s goes with ligo, not with %s".formatted(option.longestName(), method));
      }
    }
  }

  Settings data() {
    var settings = Settings.NONE;
    if (data != null) settings = settings.with("data", data.toString());
    return tokenizer == null ? settings : settings.with("tokenizer", tokenizer);
  }

  long steps() {
    if (steps < 1) {
      throw new InvalidArgument("%d steps; there must be at least one".formatted(steps));
    }
    return steps;
  }

  double rate() {
    return rate;
  }

  long warmup() {
    return warmup == null ? steps / 10 : warmup;
  }

  int batch() {
    return batch;
  }

  int accumulate() {
    return accumulate;
  }

  /// The tokens of a window, of a model whose windows have at most `most`.
  int context(int most) {
    int time = context == null ? most : context;
    if (time > most) {
      throw new InvalidArgument("context %d is longer than the model's %d".formatted(time, most));
    }
    return time;
  }

  LigoForm form() {
    return named(LigoForm.class, "form of LiGO", form);
  }

  LigoHeads heads() {
    return named(LigoHeads.class, "map of heads", heads);
  }

  /// What was given, or else the usual: averages have small numbers, and differ anyway.
  double noise(Double given) {
    if (given != null) return given;
    return start.equals(RELEASED_START) ? 0 : USUAL_NOISE;
  }

  /// The maps' first numbers in words.
  String startInWords(double noise) {
    return "%s with noise %s".formatted(start, noise);
  }

  LigoStart start(double noise, long seed) {
    var of =
        start.equals(RELEASED_START)
            ? LigoStart.random(seed)
            : LigoStart.of(NamedGrowth.named(start).drawing(seed));
    return of.withNoise(noise, seed);
  }

  private static <E extends Enum<E>> E named(Class<E> choices, String what, String word) {
    var all = choices.getEnumConstants();
    return Arrays.stream(all)
        .filter(each -> word(each).equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidArgument(
                    "there is no %s \"%s\"; there are %s"
                        .formatted(
                            what,
                            word,
                            Arrays.stream(all)
                                .map(LigoOptions::word)
                                .collect(Collectors.joining(", ")))));
  }

  static String word(Enum<?> choice) {
    return choice.name().toLowerCase(Locale.ROOT);
  }
}
