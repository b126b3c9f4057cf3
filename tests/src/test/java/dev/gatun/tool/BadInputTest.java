package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.NoDevice;
import dev.gatun.memory.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Whatever is wrong with what a command is given, it says so in one sentence, fails, and leaves
/// every file as it was. In the tables `@` stands for the test's folder.
class BadInputTest {
  @TempDir static Path folder;
  private static Map<String, Integer> before;

  @BeforeAll
  static void makeWhatIsBad() throws IOException {
    Commands.texts(folder.resolve("texts"), 1);
    Commands.texts(folder.resolve("others"), 2);
    var run = Commands.training(folder.resolve("texts"), folder.resolve("run"), "--steps=4");
    Commands.run(run).requireGood();
    var sophia = Commands.training(folder.resolve("texts"), folder.resolve("sophia"), "--steps=4");
    sophia.add("--optimizer=sophia-g");
    Commands.run(sophia).requireGood();
    BadFiles.make(folder);
    before = Commands.everything(folder);
  }

  private static void refuses(int code, List<String> arguments, String sentence)
      throws IOException {
    var placed = arguments.stream().map(argument -> argument.replace("@", folder + "/")).toList();
    Commands.run(placed).requireRefusal(code, sentence);
    var after = Commands.everything(folder);
    var touched = new TreeSet<>(before.keySet());
    touched.addAll(after.keySet());
    touched.removeIf(name -> Objects.equals(before.get(name), after.get(name)));
    assertEquals(Set.of(), touched, "files were touched");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1 | --data=@missing               | there is no file or folder
          1 | --data=@empty.txt             | is empty
          1 | --data=@no-files              | holds no files
          1 | --data=@binary                | is not text
          1 | --data=@short.txt             | short.txt holds
          1 | --data=@odd.bin               | odd number
          1 | --data=@empty.bin             | is empty
          1 | --data=@foreign.bin           | a GGUF model
          1 | --data=@high.bin --vocab=257  | outside the vocabulary of 257
          1 | --data=@high.bin --tokenizer=bytes | the bytes tokenizer has 256
          1 | --vocab=100                   | outside the vocabulary of 100
          1 | --heads=3                     | width 16 is not divisible by 3 heads
          1 | --layers=0                    | layers is 0
          1 | --width=-16                   | width is -16
          1 | --context=0                   | context is 0
          1 | --context=100000              | a window of context 100000 needs
          1 | --layers=99999999999          | layers is 99999999999
          1 | --layers=1000 --width=65536   | free
          1 | --batch=0                     | a batch has 0 rows
          1 | --accumulate=0                | accumulate is 0
          1 | --steps=0                     | steps: 0
          1 | --evaluate-every=0            | evaluations: 0
          1 | --checkpoint-every=0          | checkpoints: 0
          1 | --evaluate-batches=0          | no validation batches
          1 | --lr=NaN                      | peak is NaN; it must be
          1 | --lr=Infinity                 | peak is Infinity; it must be
          1 | --lr=-1                       | -1.0
          1 | --min-lr=1                    | lies above
          1 | --warmup=9                    | no room
          1 | --beta1=1                     | beta1 1.0; it must be from 0 to below 1
          1 | --clip=0                      | norm 0.0
          1 | --weight-decay=-1             | weight decay -1.0
          1 | --optimizer=sophia-g --gamma=0 | gamma 0.0; it must be above 0
          1 | --optimizer=sophia-h --beta2=2 | Sophia cannot work with beta2 2.0
          1 | --optimizer=sophia-g --curvature-every=0 | curvature every 0 steps
          1 | --optimizer=sophia-g --curvature-share=0 | curvature share 0.0
          1 | --optimizer=sophia-h --curvature-share=1.5 | 1.5; it must be above 0, at most 1
          1 | --optimizer=lion --beta1=-1   | Lion cannot work with beta1 -1.0
          1 | --optimizer=lion --gamma=1    | --gamma goes with --optimizer sophia-h or sophia-g
          1 | --curvature-every=5           | sophia-g, not with adamw
          1 | --optimizer=adamw --curvature-share=0.5 | --curvature-share goes with --optimizer
          1 | --threads=-1                  | -1 threads
          1 | --out=@run                    | holds a run
          1 | --out=@not-empty              | is not empty
          1 | --out=@short.txt              | is a file
          1 | --out=/dev/null/new           | cannot be made
          2 | --device=tpu                  | none of cpu, cuda, auto
          2 | --curvature-every=often       | no whole number
          2 | --curvature-order=between     | none of before, after
          1 | --curvature-order=after       | sophia-g, not with adamw
          1 | --rounding=stochastic         | goes with --dtype bf16
          2 | --steps=many                  | no whole number
          2 | --lr=fast                     | no number
          2 | --schedule=steep              | none of constant, cosine, wsd
          2 | --optimizer=sgd               | none of adamw, sophia-h, sophia-g, lion
          2 | --tokenizer=words             | none of bytes, gpt2
          2 | --preset=huge                 | there is no preset 'huge'
          2 | --unknown                     | Unknown option
          """)
  void trainRefuses(int code, String options, String sentence) throws IOException {
    var more = new ArrayList<>(Arrays.asList(options.split(" ")));
    more.add("--steps=4");
    if (options.contains("--steps")) more.removeLast();
    var arguments =
        Commands.training(Path.of("@texts"), Path.of("@new"), more.toArray(String[]::new));
    refuses(code, arguments, sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          @missing     |               | does not exist
          @short.txt   |               | a checkpoint is a folder
          @texts       |               | it has no model.safetensors
          @truncated   |               | model.safetensors
          @foreign     |               | model.safetensors
          @no-weights  |               | it has no model.safetensors
          @llama       |               | only "gpt2" is read here
          @cut-config  |               | config.json
          @other-shape |               | wte.weight
          @headed      |               | but its config says it is tied
          @headless    |               | lacks the tensor "lm_head.weight"
          @run         | --context=17  | context 17 is longer than the model's 16
          @run         | --layers=3    | --layers 3 contradicts the model
          @run         | --vocab=999   | --vocab 999 contradicts the model
          @run         | --no-bias     | --bias false contradicts the model
          @run         | --no-tied-head | --tied-head false contradicts the model
          """)
  void trainRefusesToStartFrom(String model, String options, String sentence) throws IOException {
    var arguments =
        new ArrayList<>(List.of("train", "--data=@texts", "--out=@new", "--init=" + model));
    if (options != null) arguments.add(options);
    refuses(1, arguments, sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1 | @missing       |                   | is no run folder
          1 | @bare-run      |                   | holds no checkpoint to go on from
          1 | @cut-state     |                   | trainer.json
          1 | @foreign-state |                   | "lr"
          1 | @no-optimizer  |                   | optimizer.safetensors
          1 | @cut-weights   |                   | model.safetensors
          1 | @run           | --lr=0.5          | --lr 0.5 contradicts the run
          1 | @run           | --steps=5         | --steps 5 contradicts the run
          1 | @run           | --optimizer=lion  | --optimizer lion contradicts the run
          1 | @run           | --gamma=0.1       | which has none
          1 | @no-gamma      |                   | null for "gamma"
          1 | @other-mover   |                   | h and m, where this one has m and v
          1 | @run           | --seed=5          | --seed 5 contradicts the run
          1 | @run           | --threads=7       | --threads 7 contradicts the run
          1 | @run           | --preset=small    | --preset small contradicts the run
          1 | @run           | --data=@others    | is not what the run began with
          1 | @run           | --data=@missing   | there is no file or folder
          2 | @run           | --out=@new        | takes no --init or --out
          2 | @run           | --init=@run       | takes no --init or --out
          """)
  void trainRefusesToResume(int code, String run, String options, String sentence)
      throws IOException {
    var arguments = new ArrayList<>(List.of("train", "--resume=" + run));
    if (options != null) arguments.add(options);
    refuses(code, arguments, sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1 | --model=@missing --data=@short.txt                     | does not exist
          1 | --model=@truncated --data=@texts                       | model.safetensors
          1 | --model=@run --data=@missing                           | there is no file or folder
          1 | --model=@run --data=@empty.txt                         | is empty
          1 | --model=@run --data=@short.txt                         | a window of context 16 needs
          1 | --model=@run --data=@high.bin                          | outside the vocabulary of 256
          1 | --model=@run --data=@texts --tokenizer=gpt2            | outside the vocabulary of 256
          1 | --model=@run --data=@texts --tokenizer=words           | no tokenizer "words"
          1 | --model=@run --data=@texts --context=17                | longer than the model's 16
          1 | --model=@run --data=@texts --context=0                 | at least one
          1 | --model=@run --data=@texts --batch=0                   | at least one
          1 | --model=@run --data=@texts --batches=0                 | at least one
          1 | --model=@run --data=@texts --batches=9999999           | ask for 79999992
          1 | --model=@run --data=@texts --device=moon               | no device "moon"
          2 | --model=@run                                           | --data
          2 | --model=@run --data=@texts --batches=all               | --batches
          """)
  void evaluateRefuses(int code, String options, String sentence) throws IOException {
    refuses(code, command("evaluate", options), sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1 | --model=@missing --prompt=a                         | does not exist
          1 | --model=@foreign --prompt=a                         | model.safetensors
          1 | --model=@run --prompt=seventeen-letters               | the model's context is 16
          1 | --model=@run --prompt=hello --tokenizer=gpt2        | outside the model's vocabulary
          1 | --model=@run --prompt=a --temperature=-1            | temperature is -1.0
          1 | --model=@run --prompt=a --top-p=0                   | top-p is 0.0
          1 | --model=@run --prompt=a --presence-penalty=NaN      | presence penalty is NaN
          1 | --model=@run --prompt=a --max-tokens=-1             | -1 tokens asked for
          2 | --model=@run                                        | --prompt
          """)
  void generateRefuses(int code, String options, String sentence) throws IOException {
    refuses(code, command("generate", options), sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1 | hvp --vector=@missing --out=@new                         | missing: does not exist
          1 | hvp --vector=@short.txt --out=@new                       | short.txt
          1 | hvp --vector=@lacking-vector --out=@new                  | lacks the tensor "transformer.ln_f.weight"
          1 | hvp --vector=@short-vector --out=@new                    | "transformer.ln_f.weight" with shape (15); the model wants (16)
          1 | hvp --vector=@nan-vector --out=@new                      | has NaN at element 3 of "transformer.ln_f.weight"
          1 | hvp --vector=@large-vector --out=@new                    | has Infinity at element 3 of "transformer.ln_f.weight"
          1 | hvp --vector=@foreign-vector --out=@new                  | has a tensor "transformer.ln_x" that this model lacks
          1 | hvp --vector=@headed-vector --out=@new                   | the head is tied, and "transformer.wte.weight" is its part
          1 | hvp --vector=@good-vector --out=@short.txt               | short.txt: could not be written: it exists already
          1 | hvp --vector=@good-vector --out=@nowhere/new             | new: could not be written: no such file or folder
          1 | hvp --vector=@good-vector --out=@new --dtype=bf16        | no dtype "bf16"
          1 | hvp --vector=@good-vector --out=@new --batches=0         | at least one
          1 | hvp --vector=@good-vector --out=@new --context=17        | longer than the model's 16
          1 | hvp --vector=@good-vector --out=@new --device=moon       | no device "moon"
          2 | hvp --vector=@good-vector                                | --out
          2 | hvp --out=@new                                           | --vector
          1 | diagonal --probes=0 --out=@new                           | 0 probes asked for
          1 | diagonal --probes=1 --out=@short.txt                     | it exists already
          1 | diagonal --probes=1 --out=@new --estimator=guess         | no estimator "guess"
          2 | diagonal --probes=1                                      | --out
          2 | diagonal --probes=many --out=@new                        | --probes
          1 | trace --probes=0                                         | 0 probes asked for
          1 | trace --probes=-3                                        | -3 probes asked for
          2 | trace                                                    | --probes
          1 | top --count=0                                            | 0 eigenvalues asked for
          1 | top --count=5 --steps=4                                  | 5 eigenvalues asked for in 4 steps
          1 | top --count=1 --steps=99999                              | a matrix of 10944 rows
          1 | top --count=1 --out=@not-empty                           | is not empty
          1 | top --count=1 --out=@short.txt                           | is a file
          2 | top                                                      | --count
          2 | down                                                     | 'down'
          """)
  void curvatureRefuses(int code, String options, String sentence) throws IOException {
    var arguments = command("curvature", options);
    arguments.addAll(List.of("--model=@run", "--data=@texts", "--batch=2"));
    if (!options.contains("--batches")) arguments.add("--batches=1");
    if (options.equals("down")) arguments.subList(2, arguments.size()).clear();
    refuses(code, arguments, sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1 | --model=@missing --data=@texts   | does not exist
          1 | --model=@truncated --data=@texts | model.safetensors
          1 | --model=@run --data=@missing     | there is no file or folder
          1 | --model=@run --data=@short.txt   | a window of context 16 needs
          2 | --data=@texts                    | --model
          2 | --model=@run                     | --data
          """)
  void curvatureRefusesWhatEvaluateDoes(int code, String options, String sentence)
      throws IOException {
    refuses(code, command("curvature trace --probes=1", options), sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1 | --from=@missing --method=stack --layers=4               | does not exist
          1 | --from=@short.txt --method=stack --layers=4             | a checkpoint is a folder
          1 | --from=@texts --method=stack --layers=4                 | it has no model.safetensors
          1 | --from=@truncated --method=stack --layers=4             | model.safetensors
          1 | --from=@run --method=dream --layers=4                   | no method "dream"; there are stack,
          1 | --from=@run --method=stack --layers=1                   | 1 layers are fewer than the model's 2
          1 | --from=@run --method=stack --layers=0                   | layers is 0
          1 | --from=@run --method=stack                              | has 2 layers of width 16 already
          1 | --from=@run --method=stack --layers=4 --width=32        | stack adds layers only
          1 | --from=@run --method=stack --layers=4 --seed=1          | not with stack
          1 | --from=@run --method=stack --layers=4 --noise=0.3       | not with stack
          1 | --from=@run --method=hypercloning --width=32 --seed=1   | not with hypercloning alone
          1 | --from=@run --method=hypercloning --width=32 --noise=-1 | noise -1.0
          1 | --from=@run --method=interpolate --width=32             | interpolate adds layers only
          1 | --from=@run --method=zero-block --width=32              | zero-block adds layers only
          1 | --from=@run --method=hypercloning --width=24            | 24 is no multiple of 16
          1 | --from=@run --method=hypercloning --width=32 --layers=3 | hypercloning adds width only
          1 | --from=@run --method=bert2bert-fpi --width=20           | width 20 is not divisible by the model's head size of 8
          1 | --from=@run --method=bert2bert-fpi --width=8            | width 8 is less than the model's 16
          1 | --from=@run --method=bert2bert-fpi --width=-8           | width is -8
          1 | --from=@run --method=bert2bert-fpi --feed-forward=63    | MLPs of width 63 are narrower than the model's 64
          1 | --from=@run --method=zero-block --layers=3 --feed-forward=65 | zero-block adds layers only
          1 | --from=@run --method=bert2bert-fpi --feed-forward=0     | feed-forward is 0
          1 | --from=@run --method=random --width=32 --heads=3        | width 32 is not divisible by 3 heads
          1 | --from=@run --method=random --width=32 --heads=2        | 2 heads of width 32 have 16 columns each
          1 | --from=@run --method=random --layers=1000 --width=65536 | free
          1 | --from=@run --method=stack --layers=4 --out=@run        | it exists already
          1 | --from=@run --method=stack --layers=4 --out=@no-files   | it exists already
          1 | --from=@run --method=stack --layers=4 --out=@nowhere/new | no such file or folder
          1 | --from=@run --method=stack --layers=4 --device=moon     | no device "moon"
          2 | --from=@run --layers=4                                  | --method
          2 | --method=stack --layers=4                               | --from
          2 | --from=@run --method=stack --layers=many                | --layers
          1 | --from=@run --method=stack --layers=4 --steps=10        | --steps goes with ligo, not with stack
          1 | --from=@run --method=ligo --layers=1 --data=@texts      | 1 layers are fewer than the model's 2
          1 | --from=@run --method=ligo --width=8 --data=@texts       | width 8 is less than the model's 16
          1 | --from=@run --method=ligo --width=32 --heads=2 --data=@texts | 2 heads of width 32 have 16 columns each
          1 | --from=@run --method=ligo --width=20 --data=@texts      | width 20 is not divisible by the model's head size of 8
          1 | --from=@run --method=ligo --layers=4 --data=@missing    | there is no file or folder
          1 | --from=@run --method=ligo --layers=4 --data=@texts --out=@run | it exists already
          1 | --from=@run --method=ligo --layers=4 --data=@texts --form=other | no form of LiGO "other"; there are shared, paper, released
          1 | --from=@run --method=ligo --layers=4 --data=@texts --head-maps=other | there are whole, dense
          1 | --from=@run --method=ligo --layers=4 --data=@texts --init-method=random | LiGO begins as a method that copies
          1 | --from=@run --method=ligo --width=32 --data=@texts --init-method=stack | stack adds layers only
          1 | --from=@run --method=ligo --layers=4 --data=@texts --noise=-1 | noise -1.0
          1 | --from=@run --method=ligo --layers=4 --data=@texts --noise=NaN | noise NaN
          1 | --from=@run --method=ligo --layers=4 --data=@texts --rate=NaN | peak is NaN
          1 | --from=@run --method=ligo --layers=4 --data=@texts --warmup=-1 | -1
          1 | --from=@run --method=ligo --layers=4 --data=@texts --context=0 | a window predicts 0 tokens
          1 | --from=@run --method=ligo --layers=4 --data=@high.bin | has a token 257
          1 | --from=@run --method=ligo --layers=4 --data=@texts --steps=1 --rate=1e30 | after 1 steps of the maps the loss is no number: --rate 1.0E30
          1 | --from=@run --method=ligo --layers=4 --data=@texts --steps=9 --warmup=0 --rate=1e30 | after 1 steps of the maps
          1 | --from=@run --method=bert2bert-fpi --layers=4 --noise=0.3 | here are none
          1 | --from=@run --method=hypercloning --width=1000000000  | width 1000000000 is too large
          1 | --from=@run --method=ligo --layers=4 --data=@texts --steps=0 | 0 steps
          1 | --from=@run --method=ligo --layers=4 --data=@texts --rate=-1 | peak is -1.0
          1 | --from=@run --method=ligo --layers=4 --data=@texts --warmup=200 | no room for 200 of warm-up
          1 | --from=@run --method=ligo --layers=4 --data=@texts --batch=0 | a batch has 0 rows
          1 | --from=@run --method=ligo --layers=4 --data=@texts --accumulate=0 | accumulate is 0
          1 | --from=@run --method=ligo --layers=4 --data=@texts --context=1000 | context 1000 is longer than the model's
          1 | --from=@run --method=ligo --layers=4 --data=@texts --tokenizer=gpt2 | outside the vocabulary of 256
          1 | --from=@run --method=ligo --layers=4 --data=@texts --tokenizer=runes | no tokenizer "runes"
          """)
  void growRefuses(int code, String options, String sentence) throws IOException {
    var arguments = command("grow", options);
    if (!options.contains("--out")) arguments.add("--out=@new");
    refuses(code, arguments, sentence);
  }

  private static List<String> command(String name, String options) {
    var arguments = new ArrayList<>(List.of(name.split(" ")));
    arguments.addAll(Arrays.asList(options.split(" ")));
    return arguments;
  }

  /// Asked for a GPU where there is none, the tool does not quietly take the CPU.
  @Test
  void cudaWithoutADeviceIsRefused() throws IOException {
    try {
      Device.cuda(0).close();
    } catch (NoDevice none) {
      refuses(
          1,
          Commands.training(folder.resolve("texts"), folder.resolve("new"), "--device=cuda"),
          "device can be used");
    }
  }
}
