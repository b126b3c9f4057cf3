package dev.gatun.nn;

/// The names of GPT-2's parameters, as Hugging Face has them behind `transformer.`, or, the head's,
/// by itself.
final class Names {
  static final String TOKENS = "wte.weight";
  static final String POSITIONS = "wpe.weight";
  static final String HEAD = "lm_head.weight";
  static final String LAST_NORM = "ln_f";

  private Names() {}

  static String inBlock(int layer, String part) {
    return "h." + layer + "." + part;
  }

  static String weight(String layer) {
    return layer + ".weight";
  }

  static String bias(String layer) {
    return layer + ".bias";
  }
}
