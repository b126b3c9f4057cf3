package dev.gatun.growth;

/// What the paper's FLOPs were counted by: ELECTRA's counter as github.com/VITA-Group/LiGO has it
/// in flop_computation.py, of a BERT trained to fill masks. A product of matrices is 2 FLOPs a
/// pair, a layer norm 5, GELU 8, softmax 5 and dropout 4 an element; a backward walk counts as much
/// as a forward one, and a look-up in an embedding as a product. The first norm of a block is
/// counted for one element, as there.
///
/// @param h width
/// @param layers of the network
/// @param s tokens of a sequence
/// @param v words
/// @param heads of attention
record PublishedCost(long h, long layers, long s, long v, long heads) {
  /// Of 32 tokens 5 are predicted.
  private static final double PREDICTED = 5 / 32.0;

  private long inner() {
    return 4 * h;
  }

  /// A block's forward FLOPs for one token.
  private long block() {
    long products = 8 * h * h + 4 * h * s + 4 * h * inner();
    long attention = (5 + 4 + 1) * s * heads;
    long biases = 5 * h + inner();
    long residuals = 2 * h;
    long dropouts = 2 * 4 * h;
    long norms = 5 + 5 * h;
    return products + attention + biases + residuals + dropouts + norms + 8 * inner();
  }

  private long embedding() {
    return 2 * h * v + 2 * h * (s + 2) + 2 * h + 5 * h + 4 * h;
  }

  private double prediction() {
    return PREDICTED * (2 * h * v + 2 * h * h + h + 8 * h + 5 * h + 5 * v + 2 * v);
  }

  double training(long batch, long steps) {
    return training(batch, steps, 0);
  }

  /// The same where each step also makes the weights from a smaller network's. That is counted once
  /// for each sequence, as there.
  double growing(long batch, long steps, long smallLayers, long smallWidth) {
    return training(batch, steps, layers * operator(smallLayers, smallWidth));
  }

  private double training(long batch, long steps, double aSequence) {
    double aToken = layers * block() + embedding() + prediction();
    return 2.0 * batch * steps * (s * aToken + aSequence);
  }

  /// The weights of one layer: sums over the smaller network's layers, then products with the rows
  /// that are new.
  private double operator(long smallLayers, long smallWidth) {
    long rows = h - smallWidth;
    long sums = 2 * h * h + 2 * h * h + 2 * 2 * h * inner() + (1 + 1 + 2 + 2 + 2) * h + inner();
    long matrices =
        2 * 4 * rows * smallWidth * smallWidth
            + 4 * rows * smallWidth * inner()
            + 2 * rows * inner() * h;
    long vectors = (1 + 1 + 2) * rows * smallWidth + rows * inner() + 2 * rows * h;
    return smallLayers * sums + matrices + vectors;
  }
}
