package dev.gatun.tool;

import dev.gatun.Unsupported;
import dev.gatun.nn.Gpt;
import dev.gatun.train.Batch;
import dev.gatun.train.Evaluation;
import dev.gatun.train.Journal;
import dev.gatun.train.JournalEntry;
import dev.gatun.train.NgramModel;
import dev.gatun.train.Run;
import dev.gatun.train.StepTotals;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What `train` says when it is done: how good the model is beside count models of the same data,
/// and how it writes; and the picture it leaves.
record Conclusion(
    Path folder, Settings settings, Gpt gpt, TrainingData data, List<Batch> validation) {
  private static final int SAMPLE_TOKENS = 400;
  private static final Sampler SAMPLER = new Sampler(0.8, 0.95, 0);

  void print(Evaluation end, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "validation loss %.4f, perplexity %.4g, over %,d held-out tokens%n",
        end.loss(),
        end.perplexity(),
        end.tokens());
    var journal = Journal.read(folder.resolve(Run.JOURNAL));
    new Account(StepTotals.of(journal)).print(out);
    var levels = countModels();
    levels.forEach(
        (name, loss) ->
            out.printf(
                Locale.ROOT,
                "%s count model  %.4f, %s%n",
                name,
                loss,
                end.loss() < loss ? "beaten" : "not beaten"));
    out.flush();
    try {
      draw(journal, levels);
    } catch (Unsupported without) { // a training is not undone by a picture
      out.println(without.getMessage());
    }
    sample(out);
    out.printf("the journal, its picture and the last checkpoints are in %s%n", folder);
  }

  /// The losses of count models of bytes on the same windows; none where tokens are no bytes.
  private Map<String, Double> countModels() {
    var levels = new LinkedHashMap<String, Double>();
    if (!data.isBytes()) return levels;
    var longest = NgramModel.train(data.corpus().training(), 4);
    levels.put("3-gram", longest.lower(3).loss(validation));
    levels.put("4-gram", longest.loss(validation));
    return levels;
  }

  private void draw(List<JournalEntry> journal, Map<String, Double> levels) {
    new LossCurve(
            LossCurve.points(journal, "loss"), LossCurve.points(journal, "validationLoss"), levels)
        .write(folder.resolve("loss.png"));
  }

  /// Continues half a window of held-out text.
  private void sample(PrintWriter out) {
    if (!settings.has("tokenizer")) return;
    var tokenizer = Tokenizers.named(settings.text("tokenizer"));
    var window = validation.get(validation.size() / 2).inputs();
    var prompt = Arrays.copyOf(window, Math.max(1, settings.size("context") / 2));
    out.println("a sample; what stands before the mark >>> is held-out text:");
    out.print(tokenizer.decode(prompt) + ">>>");
    new Generator(gpt, tokenizer, SAMPLER, settings.whole("seed"))
        .generate(
            prompt,
            SAMPLE_TOKENS,
            text -> {
              out.print(text);
              out.flush();
            });
    out.println();
  }
}
