package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.gatun.scaling.ParametricLaw;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FitCommandTest {
  private static final ParametricLaw LAW = new ParametricLaw(1.69, 406.4, 410.7, 0.34, 0.28);

  @TempDir Path folder;
  private Path runs;

  /// Six budgets of seven sizes, each run with a curve of fifty points.
  @BeforeEach
  void writeRuns() throws IOException {
    var lines = new ArrayList<>(List.of("run,N,D,loss"));
    for (int budget = 0; budget < 6; budget++) {
      double flops = 1e18 * Math.pow(10, budget / 2.0);
      for (int size = -3; size <= 3; size++) {
        double n = LAW.optimum(flops).parameters() * Math.pow(10, size / 6.0);
        for (int point = 1; point <= 50; point++) {
          double d = flops / (6 * n) * point / 50;
          lines.add("%d/%d,%s,%s,%s".formatted(budget, size, n, d, LAW.loss(n, d)));
        }
      }
    }
    runs = Files.write(folder.resolve("runs.csv"), lines);
    Files.write(folder.resolve("plain.csv"), List.of("N,D,loss", "1e6,1e8,4", "1e7,1e8,3"));
    Files.write(folder.resolve("columns.csv"), List.of("N,loss", "1e6,4"));
    Files.write(folder.resolve("negative.csv"), List.of("N,D,loss", "1e6,-1,4"));
    Files.createDirectory(folder.resolve("empty"));
  }

  private Commands.Outcome fit(String... more) {
    var arguments = new ArrayList<>(List.of("fit", "--runs=" + runs, "--bootstrap=20"));
    arguments.addAll(List.of(more));
    return Commands.run(arguments);
  }

  @Test
  void jsonIsOneLineWithTheLawOfTheRuns() throws IOException {
    var out = fit("--json").requireGood().out();
    assertEquals(1, out.lines().count());
    var law = (Map<?, ?>) JSON.std.mapFrom(out).get("law");
    assertEquals(1.69, (double) law.get("e"), 1.69e-6);
    assertEquals(406.4, (double) law.get("a"), 406.4e-6);
    assertEquals(410.7, (double) law.get("b"), 410.7e-6);
    assertEquals(0.34, (double) law.get("alpha"), 1e-6);
    assertEquals(0.28, (double) law.get("beta"), 1e-6);
  }

  @Test
  void theTableTellsEveryApproachAsked() {
    var all = fit().requireGood().out();
    assertTrue(all.startsWith("42 runs, 1.00e+18 to 3.16e+20 FLOPs"), all);
    for (int approach = 1; approach <= 3; approach++) {
      assertTrue(all.contains("the frontier by approach " + approach), all);
    }
    assertTrue(all.contains("alpha  0.34000"), all);
    var one = fit("--approach=3").requireGood().out();
    assertFalse(one.contains("approach 2"), one);
  }

  @Test
  void aFarFrontierIsWarnedOfByName() {
    var out = fit("--approach=3", "--flops=1e24").requireGood().out();
    assertTrue(out.contains("warning EXTRAPOLATION: "), out);
  }

  @Test
  void itLeavesJsonFrontierAndPictures() throws IOException {
    var out = folder.resolve("fit");
    fit("--out=" + out).requireGood();
    var names = new TreeSet<String>();
    try (var files = Files.list(out)) {
      files.forEach(file -> names.add(file.getFileName().toString()));
    }
    assertEquals(
        Set.of("contours.png", "curves.png", "fit.json", "frontier.csv", "isoflop.png"), names);
    assertTrue(JSON.std.mapFrom(Files.readString(out.resolve("fit.json"))).containsKey("law"));
    checkFrontier(Files.readAllLines(out.resolve("frontier.csv")));
    for (var picture : List.of("contours", "curves", "isoflop")) {
      checkPicture(ImageIO.read(out.resolve(picture + ".png").toFile()));
    }
  }

  private static void checkFrontier(List<String> lines) {
    int columns = lines.getFirst().split(",").length;
    assertEquals(12, columns);
    for (var line : lines.subList(1, lines.size())) {
      var values = line.split(",", -1);
      assertEquals(columns, values.length, line);
      if (!values[0].equals("3")) continue;
      double flops = Double.parseDouble(values[1]);
      double optimum = LAW.optimum(flops).parameters();
      assertEquals(1, Double.parseDouble(values[2]) / optimum, 1e-5, line);
    }
  }

  /// White ground, and the frontier, envelope or optima in red.
  private static void checkPicture(BufferedImage image) {
    assertEquals(1200, image.getWidth());
    assertEquals(800, image.getHeight());
    assertEquals(Color.WHITE.getRGB(), image.getRGB(2, 2));
    long red = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < 1000; x++) {
        if (image.getRGB(x, y) == FitPlot.ACCENT.getRGB()) red++;
      }
    }
    assertTrue(red > 100, red + " red points");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1 | --runs=@missing.csv            | there is no file or folder
          1 | --runs=@empty                  | holds no run folders
          1 | --runs=@columns.csv            | has no column "D"
          1 | --runs=@negative.csv           | line 2: D is "-1"
          1 | --runs=@plain.csv              | there are 2 runs; a fit needs at least 5
          1 | --runs=@runs.csv --bootstrap=-1 | -1 bootstrap samples
          1 | --runs=@runs.csv --flops=1     | the frontier is asked for up to 1.0 FLOPs
          1 | --runs=@runs.csv --out=@       | is not empty
          2 | --runs=@runs.csv --approach=4  | '4' is none of 1, 2, 3, all
          2 | --runs=@runs.csv --starts=many | 'many' is none of seeded, grid
          2 | --runs=@runs.csv --bootstrap=x | --bootstrap
          2 | --approach=3                   | --runs
          """)
  void badInputIsOneSentence(int code, String options, String sentence) throws IOException {
    var before = Commands.everything(folder);
    var arguments = new ArrayList<>(List.of("fit"));
    arguments.addAll(List.of(options.replace("@", folder + "/").split(" ")));
    Commands.run(arguments).requireRefusal(code, sentence);
    assertEquals(before, Commands.everything(folder));
  }
}
