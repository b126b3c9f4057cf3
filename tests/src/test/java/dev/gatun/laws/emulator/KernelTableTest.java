package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// The table of kernels/README.md has the lines that would be written today; its numbers need a
/// build for all targets.
class KernelTableTest {
  private static final int HEADINGS = 2;

  @Test
  void theReadmeHasTheLinesThatWouldBeWritten() throws IOException {
    var readme = Files.readString(Path.of(System.getProperty("gatun.root"), "kernels/README.md"));
    var table =
        readme.substring(
            readme.indexOf(KernelTable.BEGIN) + KernelTable.BEGIN.length(),
            readme.indexOf(KernelTable.END));
    var lines = table.lines().skip(HEADINGS).toList();
    var subjects = KernelTable.subjects();
    assertEquals(subjects.size(), lines.size());
    for (int i = 0; i < lines.size(); i++) {
      var columns = Arrays.stream(lines.get(i).split("\\|")).map(String::strip).toList();
      var subject = subjects.get(i);
      assertEquals(subject.get(0), columns.get(1).replace("`", ""));
      assertEquals(subject.get(1), columns.get(2));
      assertTrue(columns.get(3).startsWith("`" + subject.get(2)), lines.get(i));
    }
  }
}
