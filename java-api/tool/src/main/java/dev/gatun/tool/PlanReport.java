package dev.gatun.tool;

import dev.gatun.scaling.Bill;
import dev.gatun.scaling.Candidate;
import dev.gatun.scaling.Gpu;
import dev.gatun.scaling.Plan;

/// A plan and what it costs on a GPU at a share `mfu` of its peak.
record PlanReport(Plan plan, Gpu gpu, double mfu, Bill.Rates rates, Bill bill) {
  /// Whether a model trains on one such GPU, nothing sharded.
  boolean fits(Candidate candidate) {
    return candidate.memory().total() <= gpu.memoryBytes();
  }
}
