package dev.gatun.tool;

import dev.gatun.memory.Device;
import dev.gatun.nn.Rounding;
import dev.gatun.tensor.DType;
import dev.gatun.train.CurvatureRefresh;
import dev.gatun.train.Trainer;
import java.io.PrintWriter;
import java.util.Locale;

/// What `train` says before it begins: what will be trained, on what, and how much work it is.
record Announcement(Start start, Settings settings, Trainer trainer, TrainingData data) {
  void print(PrintWriter out) {
    line(out, "model    %s", model());
    line(out, "data     %s", data.corpus().description());
    line(out, "machine  %s", machine());
    line(out, "recipe   %s", recipe());
    line(out, "work     %s", work());
    line(out, "folder   %s%s", start.folder(), start.resumed() ? ", resumed" : "");
    out.flush();
  }

  private String model() {
    return Described.model(trainer.gpt().config())
        + start.checkpoint().map(from -> ", from " + from).orElse("");
  }

  private String machine() {
    return format(
        "%s, matrix products by %s",
        device().described("device"), device().described("matrix products"));
  }

  private Device device() {
    return trainer.gpt().device();
  }

  private String recipe() {
    return format(
        "%s%s, %s rate %s, %,d steps of %d x %d windows of %d tokens, seed %d%s%s",
        settings.text("optimizer"),
        precision(),
        settings.text("schedule"),
        settings.number("lr"),
        settings.whole("steps"),
        settings.whole("accumulate"),
        settings.whole("batch"),
        settings.whole("context"),
        settings.whole("seed"),
        trainer.refresh().map(this::refreshes).orElse(""),
        recomputed());
  }

  private String recomputed() {
    return switch (settings.recompute()) {
      case NONE -> "";
      case MLP -> ", MLPs recomputed";
      case BLOCK -> ", blocks recomputed";
    };
  }

  private String precision() {
    if (settings.dtype() != DType.BF16) return "";
    return settings.rounding() == Rounding.NEAREST ? " in bf16" : " in bf16 without masters";
  }

  private String refreshes(CurvatureRefresh refresh) {
    return format(
        ", curvature every %d steps on %d of the windows%s",
        refresh.plan().every(),
        trainer.tokensPerRefresh() / settings.whole("context"),
        refresh.plan().order() == CurvatureRefresh.Order.AFTER ? ", behind the step" : "");
  }

  private String work() {
    double tokens = (double) settings.whole("steps") * trainer.tokensPerStep();
    return format(
        "%,.0f tokens, %.3g times the training data, about %.2g FLOP on %s%s",
        tokens,
        tokens / data.corpus().training().count(),
        trainer.flops(settings.whole("steps")),
        device().backend(),
        device().backend().equals("cpu")
            ? " with %d threads".formatted(settings.whole("threads"))
            : "");
  }

  private static void line(PrintWriter out, String format, Object... values) {
    out.println(format(format, values));
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
