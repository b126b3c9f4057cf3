package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.op.CustomOp;
import dev.gatun.op.Op;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The `permits` clause is the registry: what stands in it has samples.
@Tag("laws")
class OpSamplesTest {
  @Test
  void everyPermittedOpHasSamples() {
    var sampled = new HashSet<Class<?>>();
    for (var sample : OpSamples.ALL) {
      sampled.add(registered(sample.op()));
      sampled.add(registered(sample.op().pullback()));
    }
    var missing =
        Arrays.stream(Op.class.getPermittedSubclasses())
            .filter(op -> !sampled.contains(op))
            .map(Class::getSimpleName)
            .toList();
    assertEquals(List.of(), missing, "ops without a row in OpSamples");
  }

  @Test
  void everyKindAndFlagOfAnOpHasASample() throws ReflectiveOperationException {
    var missing = new TreeSet<String>();
    for (var sample : OpSamples.ALL) {
      if (!sample.op().getClass().isRecord()) continue;
      for (var component : sample.op().getClass().getRecordComponents()) {
        missing.addAll(wanted(sample.op(), component));
      }
    }
    for (var sample : OpSamples.ALL) {
      if (!sample.op().getClass().isRecord()) continue;
      for (var component : sample.op().getClass().getRecordComponents()) {
        var value = component.getAccessor().invoke(sample.op());
        missing.remove(label(sample.op(), component, value));
      }
    }
    assertEquals(Set.of(), missing, "kinds without a sample");
  }

  private static Class<?> registered(Op op) {
    return op instanceof CustomOp ? CustomOp.class : op.getClass();
  }

  private static Set<String> wanted(Op op, RecordComponent component) {
    var type = component.getType();
    Object[] values =
        type == boolean.class
            ? new Object[] {false, true}
            : type.isEnum() ? type.getEnumConstants() : new Object[0];
    return Arrays.stream(values)
        .map(value -> label(op, component, value))
        .collect(Collectors.toSet());
  }

  private static String label(Op op, RecordComponent component, Object value) {
    return "%s.%s=%s".formatted(op.getClass().getSimpleName(), component.getName(), value);
  }
}
