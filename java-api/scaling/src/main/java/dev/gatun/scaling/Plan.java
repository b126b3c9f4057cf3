package dev.gatun.scaling;

import java.util.List;
import java.util.Optional;

/// An answer of [Planner#plan].
///
/// @param request what was asked
/// @param optimum the best use of the training's compute, nothing else weighed
/// @param band around the optimum at its compute; empty where the law's source permits none
/// @param chosen what to train, all weighed
/// @param serving the model's service, where there is one
/// @param repeats the data's limits, where there are any
/// @param candidates concrete models near the chosen size, the nearest first
/// @param warnings what makes this doubtful
public record Plan(
    PlanRequest request,
    Allocation optimum,
    Optional<AllocationBand> band,
    Allocation chosen,
    Optional<ServingPlan> serving,
    Optional<RepeatPlan> repeats,
    List<Candidate> candidates,
    List<Caution> warnings) {}
