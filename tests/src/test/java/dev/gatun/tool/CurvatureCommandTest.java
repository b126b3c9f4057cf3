package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.nn.WeightVector;
import dev.gatun.store.WeightVectorFile;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What all parts of `curvature` have in common: tables, what is left out, files that are there.
class CurvatureCommandTest extends CurvatureCase {
  @Test
  void withoutJsonTheNumbersAreTables() {
    var trace = run("trace", "--probes=2").lines().toList();
    assertEquals(3, trace.size());
    assertTrue(trace.get(0).matches("trace          -?\\d\\S*"), trace.get(0));
    assertTrue(trace.get(1).matches("standard error \\d\\S*"), trace.get(1));
    assertEquals("of the Hessian, over 24 targets; probes: 2", trace.get(2));
    var one = run("trace", "--probes=1", "--gauss-newton");
    assertTrue(one.contains("standard error unknown from one probe"), one);
    assertTrue(one.contains("of the Gauss-Newton matrix"), one);
    var top = run("top", "--count=2").lines().toList();
    assertEquals("the Hessian at 288 weights, over 24 targets; steps: 28", top.get(0));
    assertEquals(4, top.size());
    var out = folder.resolve("d.safetensors");
    var diagonal = run("diagonal", "--probes=2", "--out=" + out).lines().toList();
    assertEquals(2 + gpt.parameters().names().size(), diagonal.size());
    assertTrue(diagonal.get(2).startsWith("wte.weight  "), diagonal.get(2));
  }

  @Test
  void whatIsNotKnownIsLeftOut() throws IOException {
    assertEquals(
        Set.of("matrix", "targets", "probes", "trace"), json("trace", "--probes=1").keySet());
    var zero = folder.resolve("zero.safetensors");
    WeightVectorFile.write(zero, gpt, WeightVector.zeros(gpt));
    var out = folder.resolve("hv.safetensors");
    var printed = json("hvp", "--vector=" + zero, "--out=" + out);
    assertEquals(0, number(printed, "productLength"));
    assertFalse(printed.containsKey("curvature"), printed.toString());
    Files.delete(out);
    var table = run("hvp", "--vector=" + zero, "--out=" + out);
    assertTrue(table.contains("vHv / vv   none"), table);
  }

  /// Where there is a file it stays as it is, before anything is computed.
  @Test
  void nothingIsWrittenOver() throws IOException {
    var out = Files.writeString(folder.resolve("taken"), "mine");
    for (var command : List.of("hvp --vector=" + out, "diagonal --probes=2")) {
      var words = command.split(" ");
      Commands.run(arguments(words[0], words[1], "--out=" + out))
          .requireRefusal(1, "it exists already");
    }
    assertEquals("mine", Files.readString(out));
  }
}
