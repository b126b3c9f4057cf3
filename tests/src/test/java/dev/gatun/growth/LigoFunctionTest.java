package dev.gatun.growth;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.GptConfig;
import dev.gatun.tensor.DType;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/// Where the network that LiGO's operator makes computes what the smaller one does, and where it
/// cannot.
class LigoFunctionTest {
  private static final GptConfig SMALL = GptConfig.of(3, 2, 8, 6, 11);

  @AutoClose private final Device device = Device.cpu(1);
  private final Scope memory = device.scope();

  /// Wide copies, but for the MLP's channels: those are what they were, and zeros behind them.
  private record WithoutHiddenCopies(LigoStart copies) implements LigoStart {
    @Override
    public double[] width(LigoShape shape, LigoMap map, int which) {
      if (map != LigoMap.HIDDEN) return copies.width(shape, map, which);
      int small = Math.toIntExact(shape.small(map));
      var elements = new double[Math.toIntExact(shape.shape(map).count())];
      for (int i = 0; i < small; i++) elements[i * small + i] = 1;
      return elements;
    }

    @Override
    public double[] depth(LigoShape shape, String name) {
      return copies.depth(shape, name);
    }
  }

  private double change(GptConfig small, GptConfig target, LigoStart start) {
    var source = RandomGpt.of(small, memory, DType.F64);
    var ligo = new Ligo(LigoForm.SHARED, LigoHeads.WHOLE, start);
    return RandomGpt.change(source, ligo.grow(source, target, memory));
  }

  /// Exact: n copies of every channel of the stream, each 1/√n of it, pass through norms of no eps
  /// as one; so do whole heads, however unevenly they are copied.
  @Test
  void evenCopiesPreserveTheFunctionThroughANormWithoutEps() {
    var small = SMALL.withEps(0);
    var start = new WithoutHiddenCopies(LigoStart.of(new HyperCloning()));
    for (int times : new int[] {2, 3}) {
      double change = change(small, small.withSize(3, 2 * times, 8 * times), start);
      assertTrue(change < 1e-12, () -> "%.3g".formatted(change));
    }
    var uneven =
        new Copies(
            CopyMap.tiled(8, 16),
            new CopyMap(2, List.of(0, 1, 1, 1)),
            CopyMap.tiled(32, 64),
            CopyMap.same(3));
    var unevenHeads = new WithoutHiddenCopies(new LigoFromCopies((_, _) -> uneven, false));
    double change = change(small, small.withSize(3, 4, 16), unevenHeads);
    assertTrue(change < 1e-12, () -> "%.3g".formatted(change));
  }

  /// A norm adds its eps to a variance that is n times smaller. No map can mend that.
  @Test
  void anEpsChangesTheFunctionALittle() {
    var start = new WithoutHiddenCopies(LigoStart.of(new HyperCloning()));
    double change = change(SMALL, SMALL.withSize(3, 4, 16), start);
    assertTrue(change > 1e-8 && change < 1e-3, () -> "%.3g".formatted(change));
  }

  /// GELU stands between the two uses of the map of the MLP's channels, and GELU(h/√n)·√n is not
  /// GELU(h).
  @Test
  void copiesOfHiddenChannelsChangeTheFunctionForWantOfAMapOfTheirOwn() {
    var small = SMALL.withEps(0);
    var start = LigoStart.of(new HyperCloning());
    double change = change(small, small.withSize(3, 4, 16), start);
    assertTrue(change > 1e-3, () -> "%.3g".formatted(change));
  }

  /// Twelve channels of eight: a norm takes a mean in which four count twice.
  @Test
  void unevenCopiesOfTheStreamChangeTheFunction() {
    var small = SMALL.withEps(0);
    var start = new WithoutHiddenCopies(LigoStart.of(new Bert2Bert(1)));
    double change = change(small, small.withSize(3, 3, 12), start);
    assertTrue(change > 1e-3, () -> "%.3g".formatted(change));
  }
}
