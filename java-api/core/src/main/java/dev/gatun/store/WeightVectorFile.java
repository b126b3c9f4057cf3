package dev.gatun.store;

import dev.gatun.nn.Gpt;
import dev.gatun.nn.WeightVector;
import java.nio.file.Path;
import java.util.ArrayList;

/// A vector over a model's weights as a safetensors file: one tensor a parameter, under the name
/// and of the shape that the model's own file has it. A head that is tied to the token embedding
/// has no tensor of its own.
public final class WeightVectorFile {
  private WeightVectorFile() {}

  /// Writes a new file, in the vector's type. It appears whole, under its name, or not at all; what
  /// a kill or a refusing disk leaves beside it is hidden, and gone with the next write.
  ///
  /// @throws StoreFailure as [#requireFree] does, or if the disk refuses
  public static void write(Path file, Gpt gpt, WeightVector vector) {
    var tensors = new ArrayList<OutgoingTensor>();
    for (var name : gpt.parameters().names()) {
      var part = vector.storedPart(name);
      tensors.add(
          DeviceTensors.outgoing(
              gpt.parameters(),
              GptCheckpoint.stored(GptCheckpoint.PREFIX, name),
              part,
              part.shape()));
    }
    NewPath.write(file, partial -> Safetensors.write(partial, tensors));
  }

  /// Throws [StoreFailure] unless a new file can be called that: its folder is there, and nothing
  /// has the name.
  public static void requireFree(Path file) {
    NewPath.requireFree(file);
  }

  /// Reads such a file, with the prefix `transformer.` or none, of any floating-point type, into
  /// new memory beside the model's.
  ///
  /// @throws BadFile if it is not a safetensors file; if it lacks a parameter, has one of another
  ///     shape, or a tensor that is no parameter; or if an element is not finite once it is of the
  ///     model's type
  public static WeightVector read(Path file, Gpt gpt) {
    try (var stored = Safetensors.open(file)) {
      boolean isPrefixed =
          stored.tensors().stream().anyMatch(t -> t.name().startsWith(GptCheckpoint.PREFIX));
      var prefix = isPrefixed ? GptCheckpoint.PREFIX : "";
      refuseForeign(file, stored, prefix, gpt);
      var vector = WeightVector.zeros(gpt);
      for (var name : gpt.parameters().names()) {
        var part = vector.storedPart(name);
        var called = GptCheckpoint.stored(prefix, name);
        DeviceTensors.load(file, stored, called, gpt.parameters(), part, part.shape());
        requireFinite(file, called, part.toDoubles());
      }
      return vector;
    }
  }

  private static void refuseForeign(Path file, Safetensors stored, String prefix, Gpt gpt) {
    for (var tensor : stored.tensors()) {
      var name = tensor.name();
      if (gpt.config().tied() && name.equals(GptCheckpoint.HEAD)) {
        throw new BadFile(
            file,
            "has a tensor \"lm_head.weight\"; the head is tied, and \"%swte.weight\" is its part"
                .formatted(prefix));
      }
      boolean known =
          gpt.parameters().names().stream()
              .anyMatch(each -> name.equals(GptCheckpoint.stored(prefix, each)));
      if (!known) {
        throw new BadFile(file, "has a tensor \"%s\" that this model lacks".formatted(name));
      }
    }
  }

  private static void requireFinite(Path file, String name, double[] elements) {
    for (int i = 0; i < elements.length; i++) {
      if (!Double.isFinite(elements[i])) {
        throw new BadFile(file, "has %s at element %d of \"%s\"".formatted(elements[i], i, name));
      }
    }
  }
}
