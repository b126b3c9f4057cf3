package dev.gatun.laws;

import dev.gatun.memory.Device;
import java.util.LinkedHashMap;
import java.util.Map;

/// All laws of ops by their names.
public final class OpLaws {
  private OpLaws() {}

  /// The laws on `device`.
  public static Map<String, Law> on(Device device) {
    var laws = new LinkedHashMap<String, Law>();
    laws.put("pullbackMatchesCentralDifferences", new DifferenceLaw());
    laws.put("valuesAndGradientsFollowTheDefinition", new DefinitionLaw());
    laws.put("tangentsAreDirectionalDerivatives", new TangentLaw());
    laws.put("pullbackAccumulatesUnlessFresh", new AccumulationLaw());
    laws.put("sameBitsTwice", new RepetitionLaw(device));
    laws.put("inferenceYieldsTheSameValues", new InferenceLaw());
    laws.put("refusesWhatDoesNotFit", new DoorLaw());
    return laws;
  }

  /// Holds an op to all of them.
  public static void check(Device device, OpSample sample) {
    on(device).values().forEach(law -> law.check(device, sample));
  }
}
