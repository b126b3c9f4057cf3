package dev.gatun.tool;

import dev.gatun.Unsupported;
import dev.gatun.store.StoreFailure;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.knowm.xchart.XYChart;

/// Writes a chart as a picture, without a display.
final class Png {
  private Png() {}

  /// In the chart's own width and height; an older picture there is replaced.
  ///
  /// Throws [Unsupported] where Java finds no fonts, as on a server without fontconfig, and
  /// [StoreFailure] when the disk refuses.
  static void write(XYChart chart, Path png) {
    System.setProperty("java.awt.headless", "true");
    try {
      var bytes = new ByteArrayOutputStream();
      ImageIO.write(picture(chart, png), "png", bytes);
      Files.write(png, bytes.toByteArray());
    } catch (NoSuchFileException e) {
      throw new StoreFailure("%s could not be written: there is no such folder".formatted(png), e);
    } catch (IOException e) {
      throw new StoreFailure("%s could not be written: %s".formatted(png, e.getMessage()), e);
    }
  }

  private static BufferedImage picture(XYChart chart, Path png) {
    var image = new BufferedImage(chart.getWidth(), chart.getHeight(), BufferedImage.TYPE_INT_RGB);
    var graphics = image.createGraphics();
    try {
      chart.paint(graphics, chart.getWidth(), chart.getHeight());
    } catch (RuntimeException | LinkageError unable) {
      throw new Unsupported("%s cannot be drawn here: %s".formatted(png, unable.getMessage()));
    } finally {
      graphics.dispose();
    }
    return image;
  }
}
