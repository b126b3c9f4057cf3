package dev.gatun.laws.emulator;

import java.util.Collection;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/// Kernels that are bound by memory move what they must and little else, in fp32 and bf16.
@Tag("emulator")
abstract class Budgets {
  private static Meter meter;

  @BeforeAll
  static void open() {
    meter = new Meter();
  }

  @AfterAll
  static void close() {
    meter.close();
  }

  /// A [BudgetRow] a line.
  abstract String rows();

  /// Whether the budgets are meant for launches of this name.
  boolean isMeant(String launch) {
    return true;
  }

  @TestFactory
  final Stream<DynamicTest> inVectors() {
    return rows()
        .lines()
        .map(BudgetRow::parse)
        .flatMap(row -> row.wholeCases().map(call -> test(call, row.of(call)::requireVectors)));
  }

  @TestFactory
  final Stream<DynamicTest> withRaggedRows() {
    return rows()
        .lines()
        .map(BudgetRow::parse)
        .flatMap(
            row ->
                row.raggedCases()
                    .map(
                        call ->
                            test(
                                call,
                                spent -> row.of(call).requireStretches(spent, call.dtype()))));
  }

  private DynamicTest test(Case call, Consumer<Collection<Counts>> check) {
    return DynamicTest.dynamicTest(call.toString(), () -> check.accept(spent(call)));
  }

  private Collection<Counts> spent(Case call) {
    var launches = meter.spent(call);
    launches.keySet().removeIf(launch -> !isMeant(launch));
    return launches.values();
  }
}
