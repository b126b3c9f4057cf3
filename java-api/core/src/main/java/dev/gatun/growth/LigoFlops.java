package dev.gatun.growth;

import dev.gatun.nn.GptConfig;

/// The FLOPs of an operator's products, in the order in which [LigoOperator] runs them. A product
/// is two FLOPs for each pair of numbers; with `gradients` as many again for each of its two
/// arguments that has one.
record LigoFlops(LigoShape shape, boolean gradients) {
  /// Of a part of a block, in all layers.
  double of(LigoPart part) {
    int large = shape.target().layers();
    int small = shape.source().layers();
    double pairs = 2.0 * large * small;
    if (shape.form() == LigoForm.PAPER) {
      double mixed = pairs * part.rows(shape.target()) * part.cols(shape.target());
      boolean widened =
          part.rows().filter(shape::isLearned).isPresent()
              || part.residual() && shape.isLearned(LigoMap.RESIDUAL);
      return small * widening(part, false) + times(mixed, widened);
    }
    double mixed = pairs * part.rows(shape.source()) * part.cols(shape.source());
    return times(mixed, false) + large * widening(part, true);
  }

  /// Of one matrix; `moves` says whether it has a gradient itself.
  private double widening(LigoPart part, boolean moves) {
    double rows = part.rows(shape.source());
    double wideRows = part.rows(shape.target());
    double cols = part.cols(shape.source());
    double wideCols = part.cols(shape.target());
    var map = part.rows().filter(shape::isLearned);
    boolean across = part.residual() && shape.isLearned(LigoMap.RESIDUAL);
    if (map.filter(shape::isOfWholeHeads).isEmpty()) {
      double first = map.isPresent() ? 2 * wideRows * rows * cols : 0;
      double second = across ? 2 * (map.isPresent() ? wideRows : rows) * cols * wideCols : 0;
      return times(first, moves) + times(second, moves || map.isPresent());
    }
    double first = across ? 2 * rows * cols * wideCols : 0;
    double second = 2 * shape.large(map.get()) * rows * (across ? wideCols : cols);
    return times(first, moves) + times(second, moves || across);
  }

  /// Of the embeddings and a head of its own, padded as they are, and the last norm.
  double outsideBlocks() {
    if (!shape.isLearned(LigoMap.RESIDUAL)) return 0;
    GptConfig source = shape.source();
    int tables = source.tied() ? 1 : 2;
    double rows = tables * source.paddedVocabulary() + source.context() + (source.bias() ? 2 : 1);
    return times(2 * rows * source.width() * shape.target().width(), false);
  }

  /// A map has a gradient; `moves` says whether what it is multiplied with has one too.
  private double times(double product, boolean moves) {
    return product * (!gradients ? 1 : moves ? 3 : 2);
  }
}
