package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Unsupported;
import dev.gatun.store.StoreFailure;
import dev.gatun.tool.LossCurve.Point;
import dev.gatun.train.JournalEntry;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.knowm.xchart.XYChart;

class LossCurveTest {
  /// Where the legend begins.
  private static final int PLOT_WIDTH = 1070;

  @TempDir Path folder;

  @Test
  void aFallingLossIsDrawnAsALineThatFalls() throws IOException {
    var image = draw(new LossCurve(falling(200), List.of(), Map.of()));
    assertEquals(1200, image.getWidth());
    assertEquals(700, image.getHeight());
    int left = meanHeight(image, 100, 300);
    int right = meanHeight(image, 750, 950);
    assertTrue(left > 0 && right > left + 200, "from %d to %d".formatted(left, right));
  }

  @Test
  void bothLossesAreThere() throws IOException {
    var validation = List.of(new Point(0, 6), new Point(100, 4), new Point(199, 3));
    var image = draw(new LossCurve(falling(200), validation, Map.of("3-gram", 2.5)));
    assertTrue(count(image, false) > 300);
    assertTrue(count(image, true) > 300);
    var without = draw(new LossCurve(falling(200), List.of(), Map.of()));
    assertEquals(0, count(without, true));
  }

  @Test
  void aRunOfOneStepOrNoneOrNoNumbersIsDrawnToo() throws IOException {
    assertNotNull(draw(new LossCurve(List.of(new Point(0, 5)), List.of(), Map.of())));
    assertNotNull(draw(new LossCurve(List.of(), List.of(), Map.of())));
    var broken = List.of(new Point(0, 5), new Point(1, Double.NaN), new Point(2, 4));
    assertNotNull(draw(new LossCurve(broken, List.of(), Map.of())));
  }

  @Test
  void whereNothingCanBeDrawnASentenceSaysSoAndNoFileIsLeft() {
    var png = folder.resolve("loss.png");
    var chart =
        new XYChart(100, 100) {
          @Override
          public void paint(Graphics2D graphics, int width, int height) {
            throw new IllegalStateException("no fonts");
          }
        };
    var why = assertThrows(Unsupported.class, () -> Png.write(chart, png)).getMessage();
    assertEquals(png + " cannot be drawn here: no fonts", why);
    assertFalse(Files.exists(png));
  }

  @Test
  void pointsComeFromTheJournalWhereItHasANumber() {
    var journal =
        List.of(
            JournalEntry.of(0).with("loss", 5.5),
            JournalEntry.of(1).with("loss", Double.NaN).with("validation", 6),
            JournalEntry.of(2).with("loss", 5.25));
    assertEquals(List.of(new Point(0, 5.5), new Point(2, 5.25)), LossCurve.points(journal, "loss"));
    assertEquals(List.of(new Point(1, 6)), LossCurve.points(journal, "validation"));
  }

  @Test
  void aFolderThatIsNotThereIsSaid() {
    var nowhere = folder.resolve("nowhere").resolve("loss.png");
    var curve = new LossCurve(falling(5), List.of(), Map.of());
    var refusal = assertThrows(StoreFailure.class, () -> curve.write(nowhere)).getMessage();
    assertTrue(refusal.contains(nowhere.toString()), refusal);
  }

  private BufferedImage draw(LossCurve curve) throws IOException {
    var file = folder.resolve("loss.png");
    curve.write(file);
    return ImageIO.read(file.toFile());
  }

  private static List<Point> falling(int steps) {
    return IntStream.range(0, steps).mapToObj(i -> new Point(i, 6 - 4.0 * i / steps)).toList();
  }

  /// The pixels of a curve in the plot, thinned towards white at its edges or not: the training
  /// loss is light blue, the validation loss dark blue, and nothing else is blue.
  private static boolean isCurve(int rgb, boolean dark) {
    int red = rgb >> 16 & 255;
    int blue = rgb & 255;
    return blue - red > 25 && red < 100 == dark;
  }

  private static long count(BufferedImage image, boolean dark) {
    long count = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < PLOT_WIDTH; x++) {
        if (isCurve(image.getRGB(x, y), dark)) count++;
      }
    }
    return count;
  }

  /// The mean row, from the top, of the training loss between two columns.
  private static int meanHeight(BufferedImage image, int from, int to) {
    long sum = 0;
    int count = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = from; x < to; x++) {
        if (!isCurve(image.getRGB(x, y), false)) continue;
        sum += y;
        count++;
      }
    }
    return count == 0 ? 0 : (int) (sum / count);
  }
}
