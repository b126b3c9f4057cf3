package dev.gatun.growth;

import java.util.Locale;

/// A map of width, from the smaller network's channels to the larger's.
public enum LigoMap {
  /// Of the residual stream: one for all of the network, with its embeddings and norms.
  RESIDUAL(Place.Space.RESIDUAL),
  QUERIES(Place.Space.HEADS),
  KEYS(Place.Space.HEADS),
  VALUES(Place.Space.HEADS),
  /// Of the channels inside an MLP.
  HIDDEN(Place.Space.HIDDEN);

  final Place.Space space;

  LigoMap(Place.Space space) {
    this.space = space;
  }

  /// What the parameter is called.
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
