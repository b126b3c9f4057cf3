package dev.gatun.train;

/// What a refresh of the curvature rested on and cost.
///
/// @param tokens targets of the windows it read
/// @param flops as [dev.gatun.optim.Curvature#flopsPerToken] counts them
/// @param seconds it took, until the device was done
public record CurvatureReport(long tokens, double flops, double seconds) {}
