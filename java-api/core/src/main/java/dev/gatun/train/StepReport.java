package dev.gatun.train;

import java.util.OptionalDouble;

/// What one optimizer step did.
///
/// @param step its number, from 0
/// @param loss mean training loss over its micro-steps, in nats a target, before the update
/// @param rate the learning rate
/// @param gradientNorm the global norm before clipping; empty where the optimizer does not clip
/// @param tokens targets it trained on
/// @param seconds it took
public record StepReport(
    long step,
    double loss,
    double rate,
    OptionalDouble gradientNorm,
    long tokens,
    double seconds) {}
