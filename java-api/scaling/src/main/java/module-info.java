/// The compute-optimal planner: how large a model, how many tokens, at what cost.
module dev.gatun.scaling {
  requires transitive dev.gatun;
  requires com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.jr.ob;
  requires hipparchus.core;
  requires hipparchus.optim;

  exports dev.gatun.scaling;
}
