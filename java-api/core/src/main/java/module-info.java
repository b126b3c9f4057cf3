/// Kernels for pre-training transformers and a thin Java face over them. The only module that needs
/// `--enable-native-access=dev.gatun`.
module dev.gatun {
  requires com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.jr.ob;

  exports dev.gatun;
  exports dev.gatun.ffi;
  exports dev.gatun.grad;
  exports dev.gatun.growth;
  exports dev.gatun.memory;
  exports dev.gatun.nn;
  exports dev.gatun.op;
  exports dev.gatun.optim;
  exports dev.gatun.store;
  exports dev.gatun.tensor;
  exports dev.gatun.train;
}
