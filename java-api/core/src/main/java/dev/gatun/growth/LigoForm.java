package dev.gatun.growth;

import dev.gatun.nn.GptConfig;

/// The three operators that go by the name of LiGO: whether width or depth comes first, and whose
/// layer a map of width belongs to. Where each layer has the same maps they are one.
public enum LigoForm {
  /// Depth first, and each map of width serves all layers: `W'_i = B (Σ_j w_ij W_j) Aᵀ`.
  SHARED,

  /// Equation 8 of the paper: width first, by maps of the smaller network's layer, then depth:
  /// `W'_i = Σ_j w_ij B_j W_j A_jᵀ`.
  PAPER,

  /// As in the code that came with the paper: depth first, then maps of the larger network's
  /// layer, whose first rows are the unit matrix and are not learned: `W'_i = [I; S_i] (Σ_j w_ij
  /// W_j) [I; T_i]ᵀ`. Biases have weights of depth of their own.
  RELEASED;

  /// Maps of one kind.
  int maps(GptConfig source, GptConfig target) {
    return switch (this) {
      case SHARED -> 1;
      case PAPER -> source.layers();
      case RELEASED -> target.layers();
    };
  }
}
