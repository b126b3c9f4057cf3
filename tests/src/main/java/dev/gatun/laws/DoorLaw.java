package dev.gatun.laws;

import dev.gatun.ShapeMismatch;
import dev.gatun.memory.Device;
import dev.gatun.op.Spec;
import dev.gatun.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/// Arguments that do not fit meet a [ShapeMismatch] that names the op: one argument too few or too
/// many, another type, and every shape that it does not accept, where the sentence also says the
/// shape.
public final class DoorLaw implements Law {
  @Override
  public void check(Device device, OpSample sample) {
    var specs = sample.specs(DType.F64);
    refused(sample, specs.subList(0, specs.size() - 1), "one argument less");
    refused(sample, append(specs, specs.getLast()), "one argument more");
    for (int i = 0; i < specs.size(); i++) {
      var spec = specs.get(i);
      var other = spec.dtype() == DType.I32 ? DType.F64 : DType.I32;
      refusedUnlessAnyTypeWillDo(sample, replace(specs, i, new Spec(spec.shape(), other)), i);
      acceptedOrRefused(sample, specs, i, spec.with(spec.shape().append(2)));
      for (int axis = 0; axis < spec.shape().rank(); axis++) {
        acceptedOrRefused(sample, specs, i, spec.with(spec.shape().without(axis)));
        var size = spec.shape().size(axis);
        acceptedOrRefused(sample, specs, i, spec.with(spec.shape().with(axis, size + 1)));
        acceptedOrRefused(sample, specs, i, spec.with(spec.shape().with(axis, 0)));
      }
    }
  }

  private static void refused(OpSample sample, List<Spec> specs, String how) {
    try {
      sample.op().shapes(specs);
    } catch (ShapeMismatch refusal) {
      requireNamed(sample, refusal);
      return;
    }
    sample.require(false, "%s was accepted", how);
  }

  /// An op that only moves elements may take any type if it yields the same.
  private static void refusedUnlessAnyTypeWillDo(OpSample sample, List<Spec> specs, int i) {
    var other = specs.get(i).dtype();
    try {
      for (var value : sample.op().shapes(specs).values()) {
        boolean moved = specs.size() == 1 && value.dtype() == other;
        sample.require(moved, "argument %d as %s was accepted", i, other);
      }
    } catch (ShapeMismatch refusal) {
      requireNamed(sample, refusal);
    }
  }

  private static void acceptedOrRefused(OpSample sample, List<Spec> specs, int i, Spec other) {
    try {
      sample.op().shapes(replace(specs, i, other));
    } catch (ShapeMismatch refusal) {
      requireNamed(sample, refusal);
      var says = refusal.getMessage();
      boolean shown = says.contains(other.shape().toString());
      for (var spec : specs) shown |= says.contains(spec.shape().toString());
      for (var size : other.shape().sizes()) shown |= says.matches("(?s).*\\b" + size + "\\b.*");
      sample.require(shown, "the refusal of %s does not show it: %s", other, says);
    }
  }

  private static void requireNamed(OpSample sample, ShapeMismatch refusal) {
    sample.require(
        refusal.getMessage().startsWith(sample.op().name() + ": "),
        "a refusal does not name %s: %s",
        sample.op().name(),
        refusal.getMessage());
  }

  private static List<Spec> replace(List<Spec> specs, int i, Spec spec) {
    var changed = new ArrayList<>(specs);
    changed.set(i, spec);
    return changed;
  }

  private static List<Spec> append(List<Spec> specs, Spec spec) {
    var longer = new ArrayList<>(specs);
    longer.add(spec);
    return longer;
  }
}
