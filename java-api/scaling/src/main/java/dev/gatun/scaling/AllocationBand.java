package dev.gatun.scaling;

import java.util.Optional;

/// How far off an optimal allocation may be, its compute held fixed.
///
/// @param parameters N
/// @param tokens D
/// @param tokensPerParameter D / N
/// @param loss nats a token; empty where the law's source does not tell
/// @param basis what the band is, in words
public record AllocationBand(
    Band parameters, Band tokens, Band tokensPerParameter, Optional<Band> loss, String basis) {}
