package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Closed-form allocations, to the digits computed apart from this code.
class FrontierTest {
  @ParameterizedTest
  @CsvSource({
    "hoffmann-2022, 1e21,    1.824218e9,  9.136336e10, 50.0836, 2.328883",
    "hoffmann-tex,  1e21,    2.216955e9,  7.517819e10, 33.9106, 2.295491",
    "epoch-2024,    1e21,    2.778459e9,  5.998528e10, 21.5894, 2.305529",
    "hoffmann-2022, 1e24,    4.129670e10, 4.035835e12, 97.7278, 1.911195",
    "hoffmann-tex,  1e24,    5.191999e10, 3.210067e12, 61.8272, 1.899988",
    "epoch-2024,    1e24,    9.586065e10, 1.738635e12, 18.1371, 1.959712",
    "hoffmann-2022, 5.76e23, 3.218986e10, 2.982306e12, 92.6474, 1.930748",
    "hoffmann-tex,  5.76e23, 4.036094e10, 2.378537e12, 58.9317, 1.918412",
    "epoch-2024,    5.76e23, 7.224870e10, 1.328744e12, 18.3912, 1.974441",
    "hoffmann-2022, 3.8e25,  2.134843e11, 2.966650e13, 138.963, 1.816533",
    "hoffmann-tex,  3.8e25,  2.732416e11, 2.317851e13, 84.8279, 1.811011",
    "epoch-2024,    3.8e25,  6.186665e11, 1.023707e13, 16.5470, 1.891707"
  })
  void theOptimumOfAFlopBudget(
      String name, double flops, double parameters, double tokens, double ratio, double loss) {
    var best = new Frontier(NamedLaw.named(name).law()).atFlops(flops);
    assertEquals(1, best.parameters() / parameters, 5e-7);
    assertEquals(1, best.tokens() / tokens, 5e-7);
    assertEquals(1, best.tokensPerParameter() / ratio, 5e-6);
    assertEquals(loss, best.loss(), 5e-7);
    assertEquals(flops, 6 * best.parameters() * best.tokens(), 1e-12 * flops);
  }

  @ParameterizedTest
  @CsvSource({
    "hoffmann-2022, 1.344710643, 0.45161290",
    "hoffmann-tex,  1.300046442, 0.45652591",
    "epoch-2024,    0.1196298498, 0.51261211"
  })
  void theFactorAndExponentOfTheFrontier(String name, double factor, double exponent) {
    var law = NamedLaw.named(name).law();
    assertEquals(1, law.frontierFactor() / factor, 1e-9);
    assertEquals(exponent, law.parameterExponent(), 1e-8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"epoch-2024", "hoffmann-2022", "hoffmann-tex"})
  void everyCoordinateLeadsToTheSameAllocation(String name) {
    var frontier = new Frontier(NamedLaw.named(name).law());
    for (double flops : new double[] {1e15, 3e21, 5.76e23, 1e27}) {
      var best = frontier.atFlops(flops);
      assertSame(best, frontier.atParameters(best.parameters()));
      assertSame(best, frontier.atTokens(best.tokens()));
      assertSame(best, frontier.atLoss(best.loss()));
    }
  }

  @Test
  void noNeighbourOfTheSameComputeHasALowerLoss() {
    for (var named : NamedLaw.ALL) {
      var best = named.law().optimum(1e22);
      for (double factor : new double[] {0.5, 0.99, 1.01, 2}) {
        double other = named.law().loss(best.parameters() * factor, best.tokens() / factor);
        assertTrue(other > best.loss(), named.name());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "400e6, 1.92e19, 8.0e9",
    "1e9,   1.21e20, 20.2e9",
    "10e9,  1.23e22, 205.1e9",
    "67e9,  5.76e23, 1.5e12",
    "175e9, 3.85e24, 3.7e12",
    "280e9, 9.90e24, 5.9e12",
    "520e9, 3.43e25, 11.0e12",
    "1e12,  1.27e26, 21.2e12",
    "10e12, 1.30e28, 216.2e12"
  })
  void theLineOfTable3(double parameters, double flops, double tokens) {
    assertEquals(1, PowerLine.HOFFMANN_TABLE_3.parameters(flops) / parameters, 0.0125);
    assertEquals(1, PowerLine.HOFFMANN_TABLE_3.tokens(flops) / tokens, 0.053);
  }

  @Test
  void whatCannotBeIsRefused() {
    var frontier = new Frontier(NamedLaw.EPOCH_2024.law());
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(InvalidArgument.class, () -> frontier.atFlops(bad));
      assertThrows(InvalidArgument.class, () -> frontier.atParameters(bad));
      assertThrows(InvalidArgument.class, () -> frontier.atTokens(bad));
      assertThrows(InvalidArgument.class, () -> frontier.atLoss(bad));
    }
    var refusal = assertThrows(InvalidArgument.class, () -> frontier.atLoss(1.8172));
    assertTrue(refusal.getMessage().contains("below 1.8172"), refusal.getMessage());
    assertThrows(InvalidArgument.class, () -> NamedLaw.named("kaplan"));
  }

  private static void assertSame(Allocation wanted, Allocation found) {
    assertEquals(1, found.flops() / wanted.flops(), 1e-9);
    assertEquals(1, found.parameters() / wanted.parameters(), 1e-9);
    assertEquals(1, found.tokens() / wanted.tokens(), 1e-9);
    assertEquals(wanted.loss(), found.loss(), 1e-12);
  }
}
