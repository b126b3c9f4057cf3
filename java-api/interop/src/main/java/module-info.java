/// Memory, streams and arrays shared with other libraries without a copy. JCuda and JCublas are
/// optional; JCuda finds its own native libraries on the class path alone.
module dev.gatun.interop {
  requires transitive dev.gatun;
  requires static jcublas;
  requires static jcuda;

  exports dev.gatun.interop;
}
