package dev.gatun.train;

import static java.util.stream.Collectors.joining;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NgramModelTest {
  private static final String PROSE =
      "the lock lifts the ship, the ship leaves the lock, and the lake lets the lock fill again. ";

  @Test
  void aTinyTextGivesWhatIsWorkedOutByHand() {
    // ababc. Alone: a 2, b 2, c 1 of 5, 3 kinds. After a: b 2. After b: a 1, c 1.
    // After ab: a 1, c 1. After ba: b 1. After aba: b 1. After bab: c 1.
    double a = (2 + 3 / 256.0) / 8;
    double c = (1 + 3 / 256.0) / 8;
    double unseen = (0 + 3 / 256.0) / 8;
    double cAfterB = (1 + 2 * c) / 4;
    double bAfterA = (2 + 1 * a) / 3; // b is as frequent as a
    double cAfterAb = (1 + 2 * cAfterB) / 4;
    double cAfterBab = (1 + 1 * cAfterAb) / 2;
    var model = NgramModel.train(tokens("ababc"), 4);
    assertEquals(a, p(model, "", 'a'), 1e-15);
    assertEquals(unseen, p(model, "", 'z'), 1e-15);
    assertEquals(cAfterB, p(model, "b", 'c'), 1e-15);
    assertEquals(bAfterA, p(model, "a", 'b'), 1e-15);
    assertEquals(cAfterAb, p(model, "ab", 'c'), 1e-15);
    assertEquals((1 + bAfterA) / 2, p(model, "ba", 'b'), 1e-15);
    assertEquals(cAfterBab, p(model, "bab", 'c'), 1e-15);
    assertEquals(cAfterB, p(model, "zzb", 'c'), 1e-15);
    assertEquals(a, p(model, "zzz", 'a'), 1e-15);
    assertEquals(a, p(model, "c", 'a'), 1e-15);
  }

  @Test
  void theModelAgreesWithCountingByHandOverStrings() {
    var random = new Random(3);
    var text = new StringBuilder();
    for (int i = 0; i < 3000; i++) text.append((char) (1 + 17 * random.nextInt(15)));
    for (int order = 1; order <= 4; order++) {
      var model = NgramModel.train(latin1(text), order);
      var oracle = new Oracle(text.toString(), order);
      for (int i = 0; i < 2000; i++) {
        int at = random.nextInt(text.length() - 5);
        var history = text.substring(at, at + random.nextInt(5));
        if (i % 5 == 0) history = (char) random.nextInt(256) + history;
        char next = i % 3 == 0 ? (char) random.nextInt(256) : text.charAt(at + history.length());
        assertEquals(oracle.p(history, next), p(model, history, next), 1e-12);
      }
    }
  }

  @Test
  void probabilitiesSumToOneAfterAnyHistory() {
    for (int order = 1; order <= 4; order++) {
      var model = NgramModel.train(tokens(PROSE + "é€😀" + PROSE), order);
      for (var history : new String[] {"", "t", "th", "the", "loc", "zzz", "é", "again. ", "\0"}) {
        double sum = 0;
        for (int next = 0; next < 256; next++) {
          double p = p(model, history, (char) next);
          assertTrue(p > 0, "after " + history);
          sum += p;
        }
        assertEquals(1, sum, 1e-12, "order " + order + " after " + history);
      }
    }
  }

  @Test
  void noTextLeavesTheUniformDistribution() {
    var model = NgramModel.train(Tokens.of(new byte[0]), 4);
    assertEquals(Math.log(256), model.loss(new Windows(tokens(PROSE), 8).all(4)), 1e-12);
  }

  @Test
  void aLongerContextFindsStructureThatAShorterOneCannot() {
    // Each byte is the one three before it, plus one, nine times of ten, else any of four:
    // p = 0.925 or three times 0.025.
    var training = thirdOrder(400_000, 1);
    var held = new Windows(thirdOrder(100_001, 2), 100).all(10);
    double entropy = -0.925 * Math.log(0.925) - 3 * 0.025 * Math.log(0.025);
    double three = NgramModel.train(training, 3).loss(held);
    double four = NgramModel.train(training, 4).loss(held);
    // The first three of a hundred bytes of a window are seen with less than their context.
    assertEquals(0.97 * entropy + 0.03 * Math.log(4), four, 0.01);
    assertEquals(Math.log(4), three, 0.01);
  }

  @Test
  void wordsArePredictedBetterByEachOrder() {
    // Eighty words of seven letters out of four: two letters leave many words open, three fewer.
    var random = new Random(5);
    var words = new String[80];
    for (int i = 0; i < words.length; i++) {
      words[i] = random.ints(7, 'a', 'e').mapToObj(Character::toString).collect(joining());
    }
    var training = sentence(words, 40_000, random);
    var windows = new Windows(sentence(words, 2_000, random), 64).all(8);
    double last = Math.log(256);
    for (int order = 1; order <= 4; order++) {
      double loss = NgramModel.train(training, order).loss(windows);
      assertTrue(loss < last - 0.02, "order %d: %f after %f".formatted(order, loss, last));
      last = loss;
    }
  }

  @Test
  void theLossIsTheMeanSurpriseOfTheTargetsOfEachRowAlone() {
    var model = NgramModel.train(tokens(PROSE), 4);
    var batches = new Windows(tokens("the ship fills the lake"), 5).all(3);
    double sum = 0;
    int count = 0;
    for (var batch : batches) {
      for (int row = 0; row < batch.rows(); row++) {
        var history = "";
        for (int t = row * 5; t < row * 5 + 5; t++) {
          history += (char) batch.inputs()[t];
          sum -= Math.log(p(model, history, (char) batch.targets()[t]));
          count++;
        }
      }
    }
    assertEquals(20, count);
    assertEquals(sum / count, model.loss(batches), 1e-12);
  }

  @Test
  void millionsOfDifferentRunsAreCountedEachForItself() {
    // A de Bruijn-like walk: 2^19 random bytes hold some 2^19 different runs of four.
    var bytes = new byte[1 << 19];
    new Random(11).nextBytes(bytes);
    var model = NgramModel.train(Tokens.of(bytes), 4);
    var counts = new HashMap<Integer, Integer>();
    int run = 0;
    for (int i = 0; i < bytes.length; i++) {
      run = run << 8 | bytes[i] & 0xff;
      if (i >= 3) counts.merge(run, 1, Integer::sum);
    }
    assertTrue(counts.size() > 500_000);
    var shorter = NgramModel.train(Tokens.of(bytes), 3);
    var totals = new HashMap<Integer, int[]>();
    counts.forEach(
        (key, count) -> {
          var total = totals.computeIfAbsent(key >>> 8, _ -> new int[2]);
          total[0] += count;
          total[1]++;
        });
    for (int i = 3; i < bytes.length; i += 101) {
      int[] history = {bytes[i - 3] & 0xff, bytes[i - 2] & 0xff, bytes[i - 1] & 0xff};
      int next = bytes[i] & 0xff;
      int context = history[0] << 16 | history[1] << 8 | history[2];
      var total = totals.get(context);
      double below = shorter.probability(history, 0, 3, next);
      double expected =
          (counts.get(context << 8 | next) + total[1] * below) / (total[0] + total[1]);
      assertEquals(expected, model.probability(history, 0, 3, next), 1e-12);
    }
  }

  @Test
  void aLowerModelIsTheOneTrainedWithThatOrder() {
    var model = NgramModel.train(tokens(PROSE), 4);
    var windows = new Windows(tokens("the lake lifts the lock "), 5).all(3);
    for (int order = 1; order <= 4; order++) {
      double loss = NgramModel.train(tokens(PROSE), order).loss(windows);
      assertEquals(loss, model.lower(order).loss(windows));
    }
    assertThrows(InvalidArgument.class, () -> model.lower(5));
    assertThrows(InvalidArgument.class, () -> model.lower(0));
  }

  @Test
  void tokensThatAreNoBytesAreRefused() {
    assertEquals(
        "tokens in memory: token 256 at position 2 lies outside the vocabulary of 256",
        assertThrows(BadData.class, () -> NgramModel.train(Tokens.of(1, 2, 256), 3)).getMessage());
    assertThrows(InvalidArgument.class, () -> NgramModel.train(Tokens.of(1, 2), 5));
    assertThrows(InvalidArgument.class, () -> NgramModel.train(Tokens.of(1, 2), 0));
  }

  /// The same mixture, counted over strings in the plainest way.
  private record Oracle(String text, int order) {
    double p(String history, char next) {
      var used = history.substring(Math.max(0, history.length() - (order - 1)));
      double shorter = used.isEmpty() ? 1 / 256.0 : p(used.substring(1), next);
      Map<Character, Integer> followers = new HashMap<>();
      for (int at = 0; (at = text.indexOf(used, at)) >= 0; at++) {
        int after = at + used.length();
        if (after >= text.length()) break;
        followers.merge(text.charAt(after), 1, Integer::sum);
      }
      if (followers.isEmpty()) return shorter;
      Set<Character> kinds = new HashSet<>(followers.keySet());
      int total = followers.values().stream().mapToInt(Integer::intValue).sum();
      return (followers.getOrDefault(next, 0) + kinds.size() * shorter) / (total + kinds.size());
    }
  }

  private static Tokens thirdOrder(int count, long seed) {
    var random = new Random(seed);
    var bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      boolean follows = i >= 3 && random.nextDouble() < 0.9;
      bytes[i] = (byte) (follows ? (bytes[i - 3] + 1) % 4 : random.nextInt(4));
    }
    return Tokens.of(bytes);
  }

  private static Tokens sentence(String[] words, int length, Random random) {
    return tokens(
        random.ints(length, 0, words.length).mapToObj(i -> words[i]).collect(joining(" ")));
  }

  private static double p(NgramModel model, String history, char next) {
    return model.probability(history.chars().toArray(), 0, history.length(), next);
  }

  private static Tokens tokens(String text) {
    return Tokens.of(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Tokens latin1(CharSequence text) {
    return Tokens.of(text.toString().getBytes(StandardCharsets.ISO_8859_1));
  }
}
