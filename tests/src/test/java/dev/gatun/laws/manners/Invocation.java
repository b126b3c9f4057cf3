package dev.gatun.laws.manners;

import dev.gatun.GatunException;
import dev.gatun.ffi.Kernels;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Calls of the methods that [Kernels] has for the prototypes of the header.
public final class Invocation {
  private static final Map<String, Method> METHODS =
      Arrays.stream(Kernels.class.getMethods())
          .collect(Collectors.toMap(Method::getName, method -> method, (one, other) -> one));

  private Invocation() {}

  /// Calls a kernel; `argument` answers for each of its parameters with an address or a number.
  /// What the kernel throws is thrown on.
  public static void of(
      Prototype kernel,
      Kernels kernels,
      MemorySegment stream,
      Function<Parameter, Object> argument) {
    var arguments = new Object[kernel.parameters().size() + 1];
    arguments[0] = stream;
    for (int i = 1; i < arguments.length; i++) {
      var parameter = kernel.parameters().get(i - 1);
      arguments[i] = inItsType(parameter, argument.apply(parameter));
    }
    try {
      METHODS.get(kernel.method()).invoke(kernels, arguments);
    } catch (InvocationTargetException thrown) {
      if (thrown.getCause() instanceof GatunException refusal) throw refusal;
      throw new AssertionError(kernel.name() + " threw something untyped", thrown.getCause());
    } catch (IllegalAccessException | IllegalArgumentException unfit) {
      throw new AssertionError(kernel.name() + ": " + Arrays.toString(arguments), unfit);
    }
  }

  private static Object inItsType(Parameter parameter, Object value) {
    if (parameter.isArray()) return value;
    var number = (Number) value;
    return switch (parameter.type()) {
      case "int64_t" -> number.longValue();
      case "double" -> number.doubleValue();
      default -> number.intValue();
    };
  }
}
