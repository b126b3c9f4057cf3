package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusTest {
  private static final Tokenizer BYTES = new ByteTokenizer();

  @TempDir Path temp;

  // ---------------------------------------------------------------- folders and zips

  @Test
  void wholeFilesAreHeldOutAndNothingIsLost() throws IOException {
    var files = many(400);
    try (var corpus = Corpus.open(folder("many", files), BYTES)) {
      var heldOut = corpus.heldOut();
      assertEquals(joined(files, heldOut, true), text(corpus.validation()));
      assertEquals(joined(files, heldOut, false), text(corpus.training()));
    }
  }

  @Test
  void aboutOneFileInTwentyIsHeldOut() throws IOException {
    try (var corpus = Corpus.open(zip("many.zip", many(2000)), BYTES)) {
      // Binomial(2000, 1/20): 100 with deviation 9.7; four deviations either way.
      int heldOut = corpus.heldOut().size();
      assertTrue(heldOut > 61 && heldOut < 139, "held out: " + heldOut);
    }
  }

  @Test
  void theSplitIsTheSameWhereverTheFilesLie() throws IOException {
    var files = many(300);
    try (var here = Corpus.open(folder("here", files), BYTES);
        var there = Corpus.open(folder("there/deeper", files), BYTES);
        var packed = Corpus.open(zip("packed.zip", files), BYTES)) {
      assertEquals(here.heldOut(), there.heldOut());
      assertEquals(here.heldOut(), packed.heldOut());
      assertEquals(text(here.training()), text(packed.training()));
      assertEquals(text(here.validation()), text(packed.validation()));
    }
  }

  @Test
  void anotherFileMovesNoneFromOneSideToTheOther() throws IOException {
    var files = many(300);
    List<String> before;
    try (var corpus = Corpus.open(folder("before", files), BYTES)) {
      before = corpus.heldOut();
    }
    files.put("a/new/one.txt", "new");
    try (var corpus = Corpus.open(folder("after", files), BYTES)) {
      var after = corpus.heldOut().stream().filter(path -> !path.equals("a/new/one.txt")).toList();
      assertEquals(before, after);
    }
  }

  @Test
  void ofTwoFilesOneIsHeldOut() throws IOException {
    for (int round = 0; round < 40; round++) {
      var files = new TreeMap<>(Map.of("a" + round, "alpha", "b" + round, "beta"));
      try (var corpus = Corpus.open(folder("two" + round, files), BYTES)) {
        assertEquals(1, corpus.heldOut().size());
        assertEquals(files.get(corpus.heldOut().getFirst()), text(corpus.validation()));
        assertEquals(9, corpus.training().count() + corpus.validation().count());
      }
    }
  }

  @Test
  void aFolderOfOneTextIsCutInTwo() throws IOException {
    var files = new TreeMap<>(Map.of("only.txt", "0123456789".repeat(10)));
    try (var corpus = Corpus.open(folder("one", files), BYTES)) {
      assertEquals(90, corpus.training().count());
      assertEquals("0123456789", text(corpus.validation()));
    }
  }

  @Test
  void filesThatAreNoTextAreLeftOut() throws IOException {
    var root = folder("mixed", new TreeMap<>(Map.of("a.txt", "é", "b.txt", "ü")));
    Files.write(root.resolve("nul.txt"), new byte[] {'a', 0, 'b'});
    Files.write(root.resolve("late-nul.txt"), new byte[] {(byte) 0xc3, (byte) 0xa9, 0});
    Files.write(root.resolve("latin1.txt"), new byte[] {'c', 'a', 'f', (byte) 0xe9});
    Files.write(root.resolve("cut.txt"), new byte[] {'x', (byte) 0xe2, (byte) 0x82});
    Files.write(root.resolve("empty.txt"), new byte[0]);
    Files.writeString(root.resolve(".hidden"), "hidden");
    Files.createDirectories(root.resolve(".git"));
    Files.writeString(root.resolve(".git/config"), "hidden");
    try (var tokens = Corpus.whole(root, BYTES);
        var corpus = Corpus.open(root, BYTES)) {
      assertEquals("é\nü", text(tokens));
      assertTrue(corpus.description().contains("5 left out"), corpus.description());
    }
  }

  @Test
  void documentsAreJoinedInTheOrderOfTheirPaths() throws IOException {
    var files = new TreeMap<>(Map.of("b/x", "2", "a", "1", "b/y", "3", "c", "4"));
    try (var tokens = Corpus.whole(zip("order.zip", files), BYTES)) {
      assertEquals("1\n2\n3\n4", text(tokens));
    }
  }

  @Test
  void anotherTokenizersSeparatorStandsBetweenDocuments() throws IOException {
    var files = new TreeMap<>(Map.of("a", "xy", "b", "z"));
    try (var tokens = Corpus.whole(folder("wide", files), new Shifted())) {
      assertEquals(4, tokens.count());
      assertEquals(1000 + 'x', tokens.at(0));
      assertEquals(999, tokens.at(2));
      assertEquals(1000 + 'z', tokens.at(3));
    }
  }

  // ---------------------------------------------------------------- one text file

  @Test
  void aTextFileIsCutAtItsLastTenth() throws IOException {
    var file = Files.writeString(temp.resolve("text.txt"), "abcdefghij".repeat(100) + "12345");
    try (var corpus = Corpus.open(file, BYTES)) {
      assertEquals(905, corpus.training().count());
      assertEquals(100, corpus.validation().count());
      assertEquals(Files.readString(file), text(corpus.training()) + text(corpus.validation()));
      assertEquals(256, corpus.vocabulary());
    }
  }

  @Test
  void aLongFileIsReadInPiecesThatJoinWithoutASeam() throws IOException {
    var line = "fn main() {\n\n    let é = \"€\";\n}\n\n\n";
    var text = line.repeat((5 << 20) / line.length());
    var file = Files.writeString(temp.resolve("long.txt"), text);
    try (var tokens = Corpus.whole(file, BYTES);
        var wide = Corpus.whole(file, new Shifted())) {
      assertEquals(text, text(tokens));
      assertEquals(tokens.count(), wide.count());
      for (long at = 0; at < tokens.count(); at += 997) {
        assertEquals(tokens.at(at) + 1000, wide.at(at));
      }
    }
  }

  @Test
  void everyPieceButTheFirstBeginsWithANewlineAfterAWord() throws IOException {
    var line = "word \n\n  indented\n\tword. \r\n";
    var file = Files.writeString(temp.resolve("p.txt"), line.repeat((3 << 20) / line.length()));
    try (var text = TextFile.open(file)) {
      var pieces = text.pieces();
      assertEquals(3, pieces.size());
      for (var piece : pieces.subList(1, pieces.size())) {
        assertEquals('\n', text.read(piece)[0]);
        var before = text.read(pieces.get(pieces.indexOf(piece) - 1));
        assertTrue(before[before.length - 1] > ' ');
      }
    }
  }

  @Test
  void aTextFileThatIsNoTextIsRefusedWithThePlace() throws IOException {
    var latin1 = Files.write(temp.resolve("l.txt"), new byte[] {'c', 'a', 'f', (byte) 0xe9, '!'});
    assertRefused(latin1, "is not text: byte 3 is not valid UTF-8");
    var bytes = "é".repeat(900_000).getBytes(StandardCharsets.UTF_8);
    bytes[1_500_000] = 0;
    var nul = Files.write(temp.resolve("n.txt"), bytes);
    assertRefused(nul, "is not text: byte 1500000 is a NUL");
  }

  // ---------------------------------------------------------------- token files

  @Test
  void trainBinIsValidatedOnItsSibling() throws IOException {
    var train = shorts("train.bin", 5, 6, 300, 7);
    shorts("val.bin", 1, 2, 400);
    try (var corpus = Corpus.open(train, BYTES)) {
      assertEquals(4, corpus.training().count());
      assertEquals(3, corpus.validation().count());
      assertEquals(401, corpus.vocabulary());
      assertTrue(corpus.description().contains("val.bin"), corpus.description());
    }
  }

  @Test
  void aPrefixedTrainBinHasAPrefixedSibling() throws IOException {
    var train = shorts("tiny_shakespeare_train.bin", 5, 6, 3, 7);
    shorts("val.bin", 1, 2);
    shorts("tiny_shakespeare_val.bin", 9, 9, 9);
    try (var corpus = Corpus.open(train, BYTES)) {
      assertEquals(3, corpus.validation().count());
    }
  }

  @Test
  void anyOtherBinIsCutAtItsLastTenth() throws IOException {
    shorts("val.bin", 1, 2, 3);
    try (var corpus = Corpus.open(shorts("shard.bin", 1, 2, 3, 4, 5, 6, 7, 8, 9, 999), BYTES)) {
      assertEquals(9, corpus.training().count());
      assertEquals(1, corpus.validation().count());
      assertEquals(999, corpus.validation().at(0));
      assertEquals(1000, corpus.vocabulary());
    }
  }

  @Test
  void aSpoiledSiblingIsRefusedByItsName() throws IOException {
    var train = shorts("train.bin", 5, 6, 300, 7);
    var sibling = Files.write(temp.resolve("val.bin"), new byte[3]);
    var refusal = assertThrows(BadData.class, () -> Corpus.open(train, BYTES)).getMessage();
    assertTrue(refusal.contains(sibling.toString()), refusal);
  }

  @Test
  void aBinOfOneTokenCannotBeSplit() throws IOException {
    assertRefused(shorts("one.bin", 5), "holds one token");
  }

  // ---------------------------------------------------------------- nothing there

  @Test
  void missingAndEmptyDataAreRefused() throws IOException {
    assertRefused(temp.resolve("nowhere"), "there is no file or folder");
    assertRefused(Files.createFile(temp.resolve("empty.txt")), "is empty");
    assertRefused(Files.createFile(temp.resolve("empty.bin")), "is empty");
    assertRefused(Files.createDirectory(temp.resolve("bare")), "holds no files");
    assertRefused(zip("bare.zip", new TreeMap<>()), "holds no files");
    var binaries = Files.createDirectory(temp.resolve("binaries"));
    Files.write(binaries.resolve("a"), new byte[4]);
    Files.write(binaries.resolve("b"), new byte[0]);
    assertRefused(binaries, "holds no text: its 2 files are empty or no UTF-8");
  }

  @Test
  void aTruncatedZipIsRefused() throws IOException {
    var bytes = Files.readAllBytes(zip("whole.zip", many(50)));
    var cut = Files.write(temp.resolve("cut.zip"), Arrays.copyOf(bytes, 3000));
    assertRefused(cut, "cannot be read");
    var named = Files.write(temp.resolve("zip-without-its-name"), bytes);
    try (var corpus = Corpus.open(named, BYTES)) {
      assertNotEquals(0, corpus.training().count());
    }
  }

  @Test
  void aDamagedEntryOfAZipIsRefusedByItsName() throws IOException {
    var file = zip("damaged.zip", new TreeMap<>(Map.of("a", "word ".repeat(900))));
    var bytes = Files.readAllBytes(file);
    bytes[31] = (byte) 0xff; // the first byte of deflated data: a block type that is not known
    Files.write(file, bytes);
    assertRefused(file, "cannot be read: a: ");
  }

  // ---------------------------------------------------------------- the standard corpus

  @Test
  void theStandardCorpusIsTheSourceOfTheJdk() throws IOException {
    var lib = Files.createDirectories(temp.resolve("jdk/lib"));
    Files.copy(zip("s.zip", many(30)), lib.resolve("src.zip"));
    try (var corpus = Corpus.standard(temp.resolve("jdk"), temp, BYTES)) {
      assertTrue(corpus.description().startsWith("the JDK's sources, "), corpus.description());
      assertTrue(corpus.description().contains("30 files"), corpus.description());
    }
  }

  @Test
  void withoutItTheStandardCorpusIsThisProjectAndSaysSo() throws IOException {
    var files = new TreeMap<String, String>();
    for (int i = 0; i < 30; i++) files.put("core/src/F%d.java".formatted(i), "class F" + i);
    files.put("core/target/classes/Generated.java", "left out");
    files.put("target/log.md", "left out");
    files.put("runs/journal.jsonl", "left out");
    var root = folder("project", files);
    try (var corpus = Corpus.standard(temp.resolve("jre"), root, BYTES)) {
      assertTrue(corpus.description().startsWith("this project's sources, " + root));
      assertTrue(corpus.description().contains("has no lib/src.zip"), corpus.description());
      assertTrue(corpus.description().contains(" 30 files"), corpus.description());
    }
  }

  // ---------------------------------------------------------------- helpers

  private void assertRefused(Path path, String why) {
    var refusal = assertThrows(BadData.class, () -> Corpus.open(path, BYTES)).getMessage();
    assertTrue(refusal.contains(path.toString()), refusal);
    assertTrue(refusal.contains(why), refusal);
    assertEquals(1, refusal.lines().count(), refusal);
  }

  private static SortedMap<String, String> many(int count) {
    var files = new TreeMap<String, String>();
    for (int i = 0; i < count; i++) {
      files.put("m%d/f%d.txt".formatted(i % 7, i), "text %d é\n".formatted(i * i));
    }
    return files;
  }

  private Path folder(String name, SortedMap<String, String> files) throws IOException {
    var root = Files.createDirectories(temp.resolve(name));
    for (var file : files.entrySet()) {
      var path = root.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
    return root;
  }

  private Path zip(String name, SortedMap<String, String> files) throws IOException {
    var path = temp.resolve(name);
    try (var out = new ZipOutputStream(Files.newOutputStream(path))) {
      for (var file : files.reversed().entrySet()) {
        out.putNextEntry(new ZipEntry(file.getKey()));
        out.write(file.getValue().getBytes(StandardCharsets.UTF_8));
      }
    }
    return path;
  }

  private Path shorts(String name, int... ids) throws IOException {
    var bytes = ByteBuffer.allocate(2 * ids.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int id : ids) bytes.putShort((short) id);
    return Files.write(temp.resolve(name), bytes.array());
  }

  private static String joined(SortedMap<String, String> files, List<String> heldOut, boolean in) {
    return files.keySet().stream()
        .filter(path -> heldOut.contains(path) == in)
        .map(files::get)
        .collect(Collectors.joining("\n"));
  }

  private static String text(Tokens tokens) {
    var ids = new int[Math.toIntExact(tokens.count())];
    tokens.copy(0, ids);
    return BYTES.decode(ids);
  }

  /// A wide tokenizer: byte + 1000, and 999 between documents.
  private record Shifted() implements Tokenizer {
    @Override
    public String name() {
      return "shifted";
    }

    @Override
    public int vocabulary() {
      return 1256;
    }

    @Override
    public int separator() {
      return 999;
    }

    @Override
    public int[] encode(String text) {
      return IntStream.of(BYTES.encode(text)).map(id -> id + 1000).toArray();
    }

    @Override
    public byte[] bytes(int id) {
      return BYTES.bytes(id - 1000);
    }
  }
}
