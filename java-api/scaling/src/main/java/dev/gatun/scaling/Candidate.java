package dev.gatun.scaling;

import dev.gatun.nn.GptConfig;

/// A concrete model for a plan.
///
/// @param config as `train` takes it
/// @param parameters as Gatun counts and allocates them
/// @param flopsPerToken by the count asked for
/// @param trainerFlopsPerToken by the trainer's own count
/// @param tokens that the plan's FLOPs pay for
/// @param loss that the law predicts
/// @param memory of training it on one device
public record Candidate(
    GptConfig config,
    long parameters,
    double flopsPerToken,
    double trainerFlopsPerToken,
    double tokens,
    double loss,
    MemoryNeed memory) {}
