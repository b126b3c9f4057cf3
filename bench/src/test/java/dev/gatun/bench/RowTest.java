package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Numbers where people write them with a comma.
class RowTest {
  private final Locale before = Locale.getDefault();

  @BeforeEach
  void writeCommas() {
    Locale.setDefault(Locale.GERMANY);
  }

  @AfterEach
  void writeAsBefore() {
    Locale.setDefault(before);
  }

  @Test
  void keepsFourDigits() {
    var row = Row.of(Subject.ladder, "what").with("us", 1234.56).with("gbs", 0.00012345);
    assertEquals("ladder  what  us 1235.0  gbs 1.235E-4", row.toString());
  }

  @Test
  void hasANumberForEachKey() {
    var row = Row.of(Subject.ladder, "what");
    assertThrows(BenchFailure.class, () -> row.with("us", Double.NaN));
    assertThrows(BenchFailure.class, () -> row.with("us", 1 / 0.0));
  }
}
