package dev.gatun.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Each corruption of a good file, and what the sentence must say of it.
class MalformedSafetensorsTest {
  private static final byte[] DATA = new byte[12];
  private static final String GOOD =
      "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},"
          + "'b':{'dtype':'U8','shape':[4],'data_offsets':[8,12]}}";

  @TempDir Path folder;

  private record Corruption(String name, byte[] bytes, String sentence) {}

  private static Stream<Corruption> corruptions() {
    return Stream.of(
        raw("empty file", new byte[0], "has 0 bytes, too few for a safetensors file"),
        raw("seven bytes", new byte[7], "has 7 bytes, too few"),
        raw(
            "length alone",
            SafetensorsBytes.withLength(9, new byte[0]),
            "is truncated: its header"),
        raw("zip", "PK\3\4 and then some more".getBytes(StandardCharsets.US_ASCII), "not a safet"),
        raw(
            "header of 4 EiB",
            SafetensorsBytes.withLength(1L << 62, text(GOOD), DATA),
            "its header would have 4611686018427387904 bytes, more than 100000000"),
        raw(
            "header length with its top bit set",
            SafetensorsBytes.withLength(-1, text(GOOD), DATA),
            "its header would have 18446744073709551615 bytes"),
        raw(
            "header just over the limit",
            SafetensorsBytes.withLength(100_000_001, text(GOOD), DATA),
            "its header would have 100000001 bytes"),
        raw(
            "header longer than the file",
            SafetensorsBytes.withLength(100_000_000, text(GOOD), DATA),
            "is truncated: its header has 100000000 bytes, but only 119 follow its length"),
        raw("no header", SafetensorsBytes.of("", DATA), "does not begin with '{'"),
        json("[1]", "does not begin with '{'"),
        json(" " + GOOD, "does not begin with '{'"),
        json(GOOD.substring(0, 60), "safetensors header is not valid JSON"),
        json(GOOD + "x", "safetensors header is not valid JSON"),
        json(GOOD + "{}", "goes on after its closing brace"),
        json("{'a':NaN}", "safetensors header is not valid JSON"),
        raw(
            "not UTF-8",
            SafetensorsBytes.of(new byte[] {'{', '"', (byte) 0xC3, '"', ':', '1', '}'}),
            "not valid UTF-8"),
        edit("'b'", "'a'", "Duplicate"),
        edit("'dtype':'U8','shape'", "'shape':[4],'shape'", "Duplicate"),
        edit("{'dtype':'U8','shape':[4],'data_offsets':[8,12]}", "7", "not described by an object"),
        edit("'dtype':'U8',", "", "tensor \"b\" has no \"dtype\""),
        edit("'U8'", "8", "tensor \"b\" has no \"dtype\""),
        edit("'U8'", "'F4'", "tensor \"b\" has dtype \"F4\", which is not read here"),
        edit("'U8'", "'u8'", "tensor \"b\" has dtype \"u8\", which is not read here"),
        edit("'shape':[4],", "", "tensor \"b\" has no \"shape\""),
        edit("'shape':[4]", "'shape':4", "tensor \"b\" has no \"shape\""),
        edit("[4]", "[4.0]", "which are not all whole numbers"),
        edit("[4]", "['4']", "which are not all whole numbers"),
        edit("[4]", "[null]", "which are not all whole numbers"),
        edit("[4]", "[18446744073709551620]", "which are not all whole numbers"),
        edit("[4]", "[-4]", "negative dimension"),
        edit("[4]", "[-2,-2]", "negative dimension"),
        edit("[4]", "[4294967296,4294967296,4]", "beyond all memory"),
        edit("[2]", "[4611686018427387906]", "beyond all memory"),
        edit("[4]", "[5]", "tensor \"b\" is U8 [5], 5 bytes, but its data_offsets span 4"),
        edit("[4]", "[]", "tensor \"b\" is U8 [], 1 bytes, but its data_offsets span 4"),
        edit("'data_offsets':[8,12]", "'data_offset':[8,12]", "has no \"data_offsets\""),
        edit("[8,12]", "[8]", "which are no byte range"),
        edit("[8,12]", "[8,12,12]", "which are no byte range"),
        edit("[8,12]", "[12,8]", "which are no byte range"),
        edit("[0,8]", "[-8,0]", "which are no byte range"),
        edit("[8,12]", "[7,11]", "begins at byte 7, where 8 was due: its data overlaps another's"),
        edit("[8,12]", "[0,4]", "overlaps another's"),
        edit("[8,12]", "[9,13]", "begins at byte 9, where 8 was due: its data leaves a hole"),
        edit("[0,8]", "[1,9]", "begins at byte 1, where 0 was due: its data leaves a hole"),
        raw(
            "data cut short",
            SafetensorsBytes.of(text(GOOD), new byte[11]),
            "is truncated: tensor \"b\" ends at byte 12, but 11 bytes follow the header"),
        raw(
            "no data",
            SafetensorsBytes.of(text(GOOD)),
            "is truncated: tensor \"a\" ends at byte 8"),
        raw(
            "a byte too many",
            SafetensorsBytes.of(text(GOOD), new byte[13]),
            "1 bytes follow the last tensor"),
        json("{'__metadata__':[]}", "\"__metadata__\" is not an object"),
        json("{'__metadata__':{'step':3}}", "holds \"step\", which is no string"),
        json("{'__metadata__':{'x':{}}}", "holds \"x\", which is no string"),
        json("{'__metadata__':{},'__metadata__':{}}", "Duplicate"));
  }

  @Test
  void theFileBeforeItsCorruptionIsGood() throws IOException {
    Safetensors.open(Files.write(folder.resolve("good"), SafetensorsBytes.of(text(GOOD), DATA)))
        .close();
  }

  @TestFactory
  Stream<DynamicTest> eachCorruptionIsRefusedInOneSentenceThatNamesIt() {
    return corruptions().map(each -> DynamicTest.dynamicTest(each.name(), () -> refuse(each)));
  }

  private void refuse(Corruption corruption) throws IOException {
    var file = Files.write(Files.createTempFile(folder, "bad", ""), corruption.bytes());
    var message = assertThrows(BadFile.class, () -> Safetensors.open(file)).getMessage();
    assertTrue(message.startsWith(file + ": "), message);
    assertTrue(message.contains(corruption.sentence()), message);
    assertFalse(message.contains("\n"), message);
  }

  @Test
  void everyTruncationOfAGoodFileIsRefused() throws IOException {
    var good = SafetensorsBytes.of(text(GOOD), DATA);
    for (int length = 0; length < good.length; length++) {
      var file =
          Files.write(folder.resolve("cut" + length), SafetensorsBytes.firstOf(good, length));
      assertThrows(BadFile.class, () -> Safetensors.open(file), "cut to " + length);
    }
  }

  @Test
  void aMissingFileAndAFolderAreNamed() {
    var missing = folder.resolve("missing");
    assertEquals(
        missing + ": does not exist",
        assertThrows(BadFile.class, () -> Safetensors.open(missing)).getMessage());
    assertEquals(
        folder + ": is a folder, not a safetensors file",
        assertThrows(BadFile.class, () -> Safetensors.open(folder)).getMessage());
  }

  private static Corruption edit(String from, String to, String sentence) {
    assertTrue(GOOD.contains(from), from);
    var changed = GOOD.replace(from, to);
    return raw(from + " becomes " + to, SafetensorsBytes.of(text(changed), DATA), sentence);
  }

  private static Corruption json(String header, String sentence) {
    return raw(header, SafetensorsBytes.of(text(header), DATA), sentence);
  }

  private static Corruption raw(String name, byte[] bytes, String sentence) {
    return new Corruption(name, bytes, sentence);
  }

  private static byte[] text(String json) {
    return json.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
  }
}
